#include "frugal/eval/xlnet_inputs.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr int64_t kMostValues = int64_t{1} << 30;

// F32, or nothing if it is not given.
Tensor floats(const TensorMap& inputs, const std::string& name, const Shape& shape) {
  const auto found = inputs.find(name);
  if (found == inputs.end()) return {};
  if (found->second.shape() != shape)
    throw Error(name, fmt::format("is {}, expected {}", to_string(found->second.shape()), to_string(shape)));
  if (element_count(shape) > kMostValues)
    throw Error(name, fmt::format("has more than {} values", kMostValues));
  return found->second.to(DType::f32);
}

struct Positions {
  Tensor ids, mask, types, columns;  // I64[B, P]
};

// The one column that row p of sequence s names; -1 if it names none.
int64_t column_of(std::span<const float> row, int64_t s, int64_t p) {
  int64_t column = -1;
  for (size_t j = 0; j < row.size(); ++j) {
    if (row[j] == 0) continue;
    if (row[j] != 1 || column >= 0)
      throw Error("target_mapping", fmt::format("row {} of sequence {} is not 0 but for one 1", p, s),
                  "mixtures of positions are not supported");
    column = static_cast<int64_t>(j);
  }
  return column;
}

Positions positions_of(const TensorMap& inputs, const PaddedSide& source) {
  const int64_t sequences = source.batch()[0], length = source.length();
  const Shape& given = inputs.at("target_mapping").shape();
  if (given.size() != 3 || given[1] < 1)
    throw Error("target_mapping", fmt::format("is {}, expected [batch, queries, length]", to_string(given)));
  const int64_t queries = given[1];
  const Tensor mapping = floats(inputs, "target_mapping", {sequences, queries, length});
  const auto types = inputs.find("token_type_ids");
  const Tensor all_types = types == inputs.end() ? Tensor() : types->second.to(DType::i64);
  const Shape shape{sequences, queries};
  Positions p{Tensor(DType::i64, shape), Tensor(DType::i64, shape), Tensor(DType::i64, shape),
              Tensor(DType::i64, shape)};
  for (int64_t s = 0; s < sequences; ++s) {
    std::set<int64_t> taken;
    for (int64_t i = 0; i < queries; ++i) {
      const int64_t at = s * queries + i;
      const int64_t column = column_of(mapping.data<float>().subspan(at * length, length), s, i);
      if (column >= 0 && !taken.insert(column).second)
        throw Error("target_mapping", fmt::format("two rows of sequence {} name position {}", s, column),
                    "the reference adds such queries up; that is not supported");
      p.mask.data<int64_t>()[at] = column >= 0;
      p.columns.data<int64_t>()[at] = std::max<int64_t>(0, column);
      if (column >= 0 && all_types)
        p.types.data<int64_t>()[at] = all_types.data<int64_t>()[s * length + column];
    }
  }
  return p;
}

// hidden[row][j]: whether the row of `side` does not see row j of its sequence. A token (not a query) always
// sees itself.
Tensor hidden_pairs(const Tensor& permutation, const PackedRows& side, bool queries, const PackedBatch& batch,
                    int64_t length) {
  const auto rows = static_cast<int64_t>(side.positions.size()), width = batch.shape.longest;
  Tensor hidden(DType::u8, {rows, width});
  for (int64_t s = 0; s < batch.filled; ++s)
    for (int64_t t = side.offsets[s]; t < side.offsets[s + 1]; ++t)
      for (int64_t j = batch.offsets[s]; j < batch.offsets[s + 1]; ++j) {
        const int64_t from = side.positions[t], to = batch.positions[j];
        const bool sees = permutation.data<float>()[(s * length + from) * length + to] <= 0;
        hidden.data<uint8_t>()[t * width + j - batch.offsets[s]] = !sees && (queries || from != to);
      }
  return hidden;
}

// [M, B, H] as rows by sequence, F32[B * M, H].
Tensor by_sequence(const Tensor& memory) {
  const int64_t length = memory.dim(0), sequences = memory.dim(1), width = memory.dim(2);
  Tensor rows(DType::f32, {sequences * length, width});
  for (int64_t m = 0; m < length; ++m)
    for (int64_t s = 0; s < sequences; ++s)
      std::copy_n(memory.data<float>().begin() + (m * sequences + s) * width, width,
                  rows.data<float>().begin() + (s * length + m) * width);
  return rows;
}

// The rows attended to: before each sequence its memory, at positions -M to -1, of type 0.
PackedRows keys_of(const PackedBatch& batch) {
  PackedRows keys;
  const int64_t memory = batch.shape.memory;
  for (int64_t s = 0; s < batch.shape.sequences; ++s) {
    keys.offsets.push_back(static_cast<int32_t>(batch.offsets[s] + s * memory));
    for (int64_t m = memory; m > 0; --m) keys.positions.push_back(static_cast<int32_t>(-m));
    keys.types.resize(keys.positions.size(), 0);
    for (int64_t t = batch.offsets[s]; t < batch.offsets[s + 1]; ++t) {
      keys.positions.push_back(batch.positions[t]);
      keys.types.push_back(batch.types[t]);
    }
  }
  keys.offsets.push_back(static_cast<int32_t>(keys.positions.size()));
  keys.positions.resize(batch.shape.tokens + batch.shape.sequences * memory, -1);
  keys.types.resize(keys.positions.size(), -1);
  return keys;
}

Tensor i32_of(const std::vector<int32_t>& values) {
  return Tensor::of<int32_t>({static_cast<int64_t>(values.size())}, values);
}

// The rows that one position a sequence names; -1 where it is left out.
Tensor rows_at(const TensorMap& inputs, const std::string& name, const PaddedSide& source) {
  const Tensor columns = inputs.at(name).to(DType::i64);
  const int64_t sequences = source.batch()[0];
  if (columns.count() != sequences)
    throw Error(name, fmt::format("is {}, expected {} values", to_string(columns.shape()), sequences));
  Tensor rows(DType::i32, {sequences});
  for (int64_t s = 0; s < sequences; ++s) {
    const int64_t at = columns.data<int64_t>()[s];
    const bool inside = at >= 0 && at < source.length();
    rows.data<int32_t>()[s] = inside ? static_cast<int32_t>(source.row_of(s * source.length() + at)) : -1;
  }
  return rows;
}

}  // namespace

TensorMap with_attention_mask(const TensorMap& inputs) {
  const auto given = inputs.find("input_mask");
  if (given == inputs.end()) return inputs;
  if (inputs.count("attention_mask")) throw Error("input_mask", "is given beside attention_mask");
  TensorMap all = inputs;
  const Tensor left_out = given->second.to(DType::f32);
  Tensor mask(DType::i64, left_out.shape());
  for (int64_t i = 0; i < mask.count(); ++i) mask.data<int64_t>()[i] = left_out.data<float>()[i] == 0;
  all["attention_mask"] = mask;
  return all;
}

XlnetInputs::XlnetInputs(const TensorMap& inputs, const ModelInfo& info, const PaddedSide& source,
                         PaddedSide& queries, PackedBatch& batch) {
  if (inputs.count("position_ids")) throw Error("position_ids", "XLNet has no absolute positions");
  const int64_t length = source.length(), sequences = batch.filled;
  // Positions are columns, and distances may be as long as the padded batch.
  batch.shape.longest =
      std::max(batch.shape.longest, static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(length))));
  if (inputs.count("target_mapping")) {
    if (!info.bare && !info.word_labels)
      throw Error("target_mapping", fmt::format("{} reads the tokens' own rows", info.architecture));
    const Positions at = positions_of(inputs, source);
    queries = PaddedSide::of(at.ids, at.mask, at.types, at.columns, "target_mapping: ", info);
    pack_target(batch, queries.sequences());
  }
  if (const Tensor permutation = floats(inputs, "perm_mask", {sequences, length, length})) {
    batch.shape.hidden_pairs = true;
    tensors_["hidden"] = hidden_pairs(permutation, batch, false, batch, length);
    if (batch.shape.target_tokens > 0)
      tensors_["decoder_hidden"] = hidden_pairs(permutation, batch.target, true, batch, length);
  }
  if (info.head == "ForQuestionAnswering") read_answers(inputs, source, batch);
  const auto first = inputs.find("mems.0");
  if (first == inputs.end()) return;
  if (first->second.shape().size() != 3)
    throw Error("mems.0",
                fmt::format("is {}, expected [memory, batch, hidden]", to_string(first->second.shape())));
  batch.shape.memory = first->second.dim(0);
  if (batch.shape.memory == 0) return;
  for (int64_t i = 0; i < info.layers; ++i) {
    const std::string name = "mems." + std::to_string(i);
    const Tensor memory = floats(inputs, name, {batch.shape.memory, sequences, info.hidden_size});
    if (!memory) throw Error(name, "is missing, though mems.0 is given");
    tensors_[name] = by_sequence(memory);
  }
  const PackedRows keys = keys_of(batch);
  tensors_["key_offsets"] = i32_of(keys.offsets);
  tensors_["key_positions"] = i32_of(keys.positions);
  tensors_["key_types"] = i32_of(keys.types);
}

// What the answer head reads: see nn/span_search.h.
void XlnetInputs::read_answers(const TensorMap& inputs, const PaddedSide& source, const PackedBatch& batch) {
  const int64_t sequences = source.batch()[0];
  if (inputs.count("start_positions")) tensors_["start_rows"] = rows_at(inputs, "start_positions", source);
  if (inputs.count("cls_index")) tensors_["last_rows"] = rows_at(inputs, "cls_index", source);
  if (const Tensor excluded = floats(inputs, "p_mask", {sequences, source.length()})) {
    Tensor mask(DType::f32, {batch.shape.tokens, 1});
    for (size_t row = 0; row < source.places().size(); ++row)
      mask.data<float>()[row] = excluded.data<float>()[source.places()[row]];
    tensors_["p_mask"] = mask;
  }
  Tensor impossible(DType::f32, {sequences, 1}), weights(DType::f32, {sequences});
  if (inputs.count("cls_index") && inputs.count("is_impossible")) {
    impossible = floats(inputs, "is_impossible", {sequences});
    std::ranges::fill(weights.data<float>(), 1.0f);
  }
  tensors_["is_impossible"] = impossible;
  tensors_["is_impossible_weights"] = weights;
}

void XlnetInputs::write(Program& program) const {
  for (const auto& [name, tensor] : tensors_)
    if (program.has_input(name))
      std::memcpy(program.input(name).bytes(), tensor.bytes(), tensor.byte_count());
}

}  // namespace frugal
