#include "frugal/eval/padded_side.h"

#include <cstring>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 26;

Tensor integers(const TensorMap& inputs, const std::string& name, const Shape& shape) {
  const auto found = inputs.find(name);
  if (found == inputs.end()) return {};
  const DType type = found->second.type();
  if (is_float(type)) throw Error(name, fmt::format("is {}, expected integers", name_of(type)));
  if (found->second.shape() != shape)
    throw Error(name, fmt::format("is {}, expected {}", to_string(found->second.shape()), to_string(shape)));
  return found->second.to(DType::i64);
}

void check_below(int64_t value, int64_t limit, const std::string& name, int64_t at, std::string_view what) {
  if (value < 0 || value >= limit)
    throw Error(name,
                fmt::format("value {} at element {} is outside the model's {} {}", value, at, limit, what));
}

}  // namespace

PaddedSide::PaddedSide(const TensorMap& inputs, const std::string& prefix, const ModelInfo& info,
                       size_t rank) {
  const std::string name = prefix + "input_ids";
  const auto found = inputs.find(name);
  if (found == inputs.end())
    throw Error(name, "is missing", "the inputs carry the names of the reference's forward()");
  const Shape shape = found->second.shape();
  if (shape.size() != rank || element_count(shape) == 0)
    throw Error(name, fmt::format("is {}, expected {}", to_string(shape),
                                  rank == 3 ? "[batch, choices, length]" : "[batch, length]"));
  if (element_count(shape) > kMostTokens)
    throw Error(name, fmt::format("has more than {} tokens", kMostTokens));
  Tensor positions;
  if (const auto given = inputs.find(prefix + "position_ids"); given != inputs.end()) {
    const bool shared = given->second.shape() == Shape{1, shape.back()};
    positions = integers(inputs, prefix + "position_ids", shared ? Shape{1, shape.back()} : shape);
  }
  pack(integers(inputs, name, shape), integers(inputs, prefix + "attention_mask", shape),
       integers(inputs, prefix + "token_type_ids", shape), positions, prefix, info);
}

PaddedSide PaddedSide::moved_right(const Tensor& ids, const Tensor& mask, const ModelInfo& info) {
  if (ids.shape().size() != 2 || ids.count() == 0)
    throw Error("labels", fmt::format("is {}, expected [batch, length]", to_string(ids.shape())));
  if (info.decoder_start < 0 || info.padding < 0)
    throw Error("decoder_input_ids",
                "is missing, and config.json gives no decoder_start_token_id or no pad_token_id");
  Tensor moved = Tensor(DType::i64, ids.shape());
  const int64_t length = ids.dim(1);
  for (int64_t i = 0; i < ids.count(); ++i) {
    const int64_t id = i % length == 0 ? info.decoder_start : ids.data<int64_t>()[i - 1];
    moved.data<int64_t>()[i] = id < 0 ? info.padding : id;
  }
  return of(moved, mask, {}, {}, "decoder_", info);
}

PaddedSide PaddedSide::of(const Tensor& ids, const Tensor& mask, const Tensor& types, const Tensor& positions,
                          const std::string& prefix, const ModelInfo& info) {
  PaddedSide side;
  side.pack(ids, mask, types, positions, prefix, info);
  return side;
}

void PaddedSide::pack(const Tensor& ids, const Tensor& mask, const Tensor& types, const Tensor& positions,
                      const std::string& prefix, const ModelInfo& info) {
  const Shape& shape = ids.shape();
  length_ = shape.back();
  batch_ = Shape(shape.begin(), shape.end() - 1);
  sequences_.resize(element_count(batch_));
  for (Sequence& sequence : sequences_) sequence.extent = static_cast<int32_t>(length_);
  row_.assign(element_count(shape), -1);
  for (int64_t i = 0; i < element_count(shape); ++i) {
    if (mask && mask.data<int64_t>()[i] == 0) continue;
    Sequence& sequence = sequences_[i / length_];
    const int64_t id = ids.data<int64_t>()[i], type = types ? types.data<int64_t>()[i] : 0;
    const int64_t column = info.counts_positions ? static_cast<int64_t>(sequence.ids.size()) : i % length_;
    const int64_t position =
        positions ? positions.data<int64_t>()[i % positions.count()] - info.first_position : column;
    check_below(id, info.vocab_size, prefix + "input_ids", i, "pieces");
    if (info.token_types > 0)
      check_below(type, info.token_types, prefix + "token_type_ids", i, "token types");
    if (info.max_positions > 0)
      check_below(position, info.max_positions, prefix + "position_ids", i,
                  info.positions_by.empty() ? "positions" : "positions (" + info.positions_by + ")");
    sequence.ids.push_back(static_cast<int32_t>(id));
    sequence.types.push_back(static_cast<int32_t>(type));
    sequence.positions.push_back(static_cast<int32_t>(position));
    sequence.columns.push_back(static_cast<int32_t>(i % length_));
    row_[i] = static_cast<int64_t>(place_.size());
    place_.push_back(i);
  }
}

Tensor PaddedSide::unpack(const Tensor& rows) const {
  Shape shape = batch_;
  shape.push_back(length_);
  shape.insert(shape.end(), rows.shape().begin() + 1, rows.shape().end());
  Tensor padded(rows.type(), shape);
  const size_t width = rows.byte_count() / static_cast<size_t>(rows.dim(0));
  for (size_t row = 0; row < place_.size(); ++row)
    std::memcpy(static_cast<std::byte*>(padded.bytes()) + place_[row] * width,
                static_cast<const std::byte*>(rows.bytes()) + row * width, width);
  return padded;
}

}  // namespace frugal
