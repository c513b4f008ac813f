#include "frugal/eval/padded_batch.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 26;

Tensor integers(const TensorMap& inputs, const std::string& name, const Shape& shape) {
  const auto found = inputs.find(name);
  if (found == inputs.end()) return {};
  const DType type = found->second.type();
  if (type == DType::f32 || type == DType::f64 || type == DType::f16 || type == DType::bf16)
    throw Error(name, fmt::format("is {}, expected integers", name_of(type)));
  if (found->second.shape() != shape)
    throw Error(name, fmt::format("is {}, expected {}", to_string(found->second.shape()), to_string(shape)));
  return found->second.to(DType::i64);
}

void check_below(int64_t value, int64_t limit, const std::string& name, int64_t at, std::string_view what) {
  if (value < 0 || value >= limit)
    throw Error(name,
                fmt::format("value {} at element {} is outside the model's {} {}", value, at, limit, what));
}

// Classes that an integer label may name; negative labels mean none.
int64_t classes_of(const std::string& label, const ModelInfo& info, int64_t choices) {
  if (label == "start_positions" || label == "end_positions") return std::numeric_limits<int64_t>::max();
  if (label == "next_sentence_label" || info.head == "ForNextSentencePrediction") return 2;
  if (info.head == "ForMaskedLM" || info.head == "ForPreTraining") return info.vocab_size;
  return info.head == "ForMultipleChoice" ? choices : info.labels;
}

void check_classes(const Tensor& labels, const std::string& name, int64_t classes) {
  for (int64_t i = 0; i < labels.count(); ++i)
    if (labels.data<int64_t>()[i] >= classes)
      throw Error(name, fmt::format("value {} at element {} is not below the {} classes",
                                    labels.data<int64_t>()[i], i, classes));
}

}  // namespace

PaddedBatch::PaddedBatch(const TensorMap& inputs, const ModelInfo& info) {
  const auto found = inputs.find("input_ids");
  if (found == inputs.end())
    throw Error("input_ids", "is missing", "the inputs carry the names of the reference's forward()");
  const Shape shape = found->second.shape();
  const size_t rank = info.head == "ForMultipleChoice" ? 3 : 2;
  if (shape.size() != rank || element_count(shape) == 0)
    throw Error("input_ids", fmt::format("is {}, expected {}", to_string(shape),
                                         rank == 3 ? "[batch, choices, length]" : "[batch, length]"));
  if (element_count(shape) > kMostTokens)
    throw Error("input_ids", fmt::format("has more than {} tokens", kMostTokens));
  const Tensor ids = integers(inputs, "input_ids", shape), mask = integers(inputs, "attention_mask", shape);
  const Tensor types = integers(inputs, "token_type_ids", shape);
  length_ = shape.back();
  batch_ = Shape(shape.begin(), shape.end() - 1);
  Tensor positions;
  if (const auto given = inputs.find("position_ids"); given != inputs.end()) {
    const bool shared = given->second.shape() == Shape{1, length_};
    positions = integers(inputs, "position_ids", shared ? Shape{1, length_} : shape);
  }

  std::vector<Sequence> sequences(element_count(batch_));
  row_.assign(element_count(shape), -1);
  for (int64_t i = 0; i < element_count(shape); ++i) {
    if (mask && mask.data<int64_t>()[i] == 0) continue;
    Sequence& sequence = sequences[i / length_];
    const int64_t id = ids.data<int64_t>()[i], type = types ? types.data<int64_t>()[i] : 0;
    const int64_t position = positions ? positions.data<int64_t>()[i % positions.count()] : i % length_;
    check_below(id, info.vocab_size, "input_ids", i, "pieces");
    if (info.token_types > 0) check_below(type, info.token_types, "token_type_ids", i, "token types");
    check_below(position, info.max_positions, "position_ids", i, "positions");
    sequence.ids.push_back(static_cast<int32_t>(id));
    sequence.types.push_back(static_cast<int32_t>(type));
    sequence.positions.push_back(static_cast<int32_t>(position));
    row_[i] = static_cast<int64_t>(place_.size());
    place_.push_back(i);
  }
  packed_ = pack_batch(sequences, true, rank == 3 ? shape[1] : 1);
}

LabelKind PaddedBatch::labels(const TensorMap& inputs, const ModelInfo& info) const {
  if (info.head == "ForQuestionAnswering")
    return inputs.count("start_positions") && inputs.count("end_positions") ? LabelKind::class_index
                                                                            : LabelKind::none;
  const auto labels = inputs.find("labels");
  if (labels == inputs.end() || info.head == "Model") return LabelKind::none;
  if (info.head == "ForPreTraining" && !inputs.count("next_sentence_label")) return LabelKind::none;
  if (info.head != "ForSequenceClassification" || !info.problem_type.empty() || info.labels == 1)
    return default_labels(info);
  const DType type = labels->second.type();
  return type == DType::f32 || type == DType::f64 ? LabelKind::multi_hot : LabelKind::class_index;
}

void PaddedBatch::write_labels(const TensorMap& inputs, const ModelInfo& info, Program& program) const {
  for (const auto& [name, given] : inputs) {
    if (name != "labels" && name != "next_sentence_label" && name != "start_positions" &&
        name != "end_positions")
      continue;
    if (!program.has_input(name)) continue;
    Tensor target = program.input(name);
    if (target.type() == DType::i32)
      check_classes(given.to(DType::i64), name, classes_of(name, info, packed_.shape.choices));
    if (name == "start_positions" || name == "end_positions") {
      write_span_labels(given.to(DType::i64), target);
    } else if (target.count() == packed_.shape.tokens && given.count() == static_cast<int64_t>(row_.size()) &&
               given.shape().size() == batch_.size() + 1 && target.type() == DType::i32) {
      write_token_labels(given.to(DType::i64), target);
    } else if (given.count() != target.count()) {
      throw Error(name, fmt::format("is {}, expected {} values", to_string(given.shape()), target.count()));
    } else {
      const Tensor values = given.to(target.type());
      std::memcpy(target.bytes(), values.bytes(), values.byte_count());
    }
  }
  if (program.has_input("label_weights")) {
    Tensor weights = program.input("label_weights");
    std::ranges::fill(weights.data<float>(), 1.0f);
  }
}

void PaddedBatch::write_token_labels(const Tensor& given, Tensor target) const {
  std::ranges::fill(target.data<int32_t>(), -1);
  for (size_t row = 0; row < place_.size(); ++row)
    target.data<int32_t>()[row] = static_cast<int32_t>(given.data<int64_t>()[place_[row]]);
}

void PaddedBatch::write_span_labels(const Tensor& given, Tensor target) const {
  if (given.count() != target.count())
    throw Error("start_positions",
                fmt::format("is {}, expected {} values", to_string(given.shape()), target.count()));
  for (int64_t s = 0; s < given.count(); ++s) {
    const int64_t at = given.data<int64_t>()[s];
    const int64_t row = at >= 0 && at < length_ ? row_[s * length_ + at] : -1;
    target.data<int32_t>()[s] = row < 0 ? -1 : static_cast<int32_t>(row - packed_.offsets[s]);
  }
}

Tensor PaddedBatch::unpack(const Tensor& value, Rows rows) const {
  if (rows == Rows::whole) return value.clone();
  Shape shape = batch_;
  if (rows == Rows::token) shape.push_back(length_);
  shape.insert(shape.end(), value.shape().begin() + 1, value.shape().end());
  if (rows == Rows::sequence) return value.clone().reshaped(shape);
  Tensor padded(value.type(), shape);
  const size_t width = value.byte_count() / static_cast<size_t>(value.dim(0));
  for (size_t row = 0; row < place_.size(); ++row)
    std::memcpy(static_cast<std::byte*>(padded.bytes()) + place_[row] * width,
                static_cast<const std::byte*>(value.bytes()) + row * width, width);
  return padded;
}

}  // namespace frugal
