#include "frugal/eval/padded_batch.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "frugal/base/error.h"
#include "frugal/eval/rotations.h"

namespace frugal {
namespace {

bool is_span(const std::string& label) { return label == "start_positions" || label == "end_positions"; }

// Classes that an integer label may name; negative labels mean none.
int64_t classes_of(const std::string& label, const ModelInfo& info, int64_t choices) {
  if (is_span(label)) return std::numeric_limits<int64_t>::max();
  if (label == info.sentence_label || info.head == "ForNextSentencePrediction") return 2;
  if (info.word_labels) return info.vocab_size;
  return info.head == "ForMultipleChoice" ? choices : info.labels;
}

void check_classes(const Tensor& labels, const std::string& name, int64_t classes) {
  for (int64_t i = 0; i < labels.count(); ++i)
    if (labels.data<int64_t>()[i] >= classes)
      throw Error(name, fmt::format("value {} at element {} is not below the {} classes",
                                    labels.data<int64_t>()[i], i, classes));
}

PaddedSide target_of(const TensorMap& inputs, const ModelInfo& info) {
  if (inputs.count("decoder_input_ids")) return {inputs, "decoder_", info, 2};
  const auto integers = [&](const char* name) {
    const auto found = inputs.find(name);
    return found == inputs.end() ? Tensor() : found->second.to(DType::i64);
  };
  if (info.decoder_reads_ids && !(info.word_labels && inputs.count("labels")))
    return PaddedSide::moved_right(integers("input_ids"), integers("attention_mask"), info);
  if (!inputs.count("labels"))
    throw Error("decoder_input_ids", "is missing, and so are labels to make it of");
  const Tensor labels = integers("labels"), mask = integers("decoder_attention_mask");
  if (mask && mask.shape() != labels.shape())
    throw Error("decoder_attention_mask",
                fmt::format("is {}, expected {}", to_string(mask.shape()), to_string(labels.shape())));
  return PaddedSide::moved_right(labels, mask, info);
}

}  // namespace

PaddedBatch::PaddedBatch(const TensorMap& inputs, const ModelInfo& info) {
  const size_t rank = info.head == "ForMultipleChoice" ? 3 : 2;
  source_ = PaddedSide(info.permutes ? with_attention_mask(inputs) : inputs, "", info, rank);
  packed_ = pack_batch(source_.sequences(), true, rank == 3 ? source_.batch()[1] : 1);
  packed_.shape.rotations = rotation_columns(inputs);
  if (info.permutes) xlnet_ = XlnetInputs(inputs, info, source_, target_, packed_);
  if (!info.decoder) return;
  target_ = target_of(inputs, info);
  if (target_.batch() != source_.batch())
    throw Error("decoder_input_ids",
                fmt::format("has {} sequences, input_ids has {}", target_.batch()[0], source_.batch()[0]));
  pack_target(packed_, target_.sequences());
}

LabelKind PaddedBatch::labels(const TensorMap& inputs, const ModelInfo& info) const {
  if (info.head.starts_with("ForQuestionAnswering"))
    return inputs.count("start_positions") && inputs.count("end_positions") ? LabelKind::class_index
                                                                            : LabelKind::none;
  const auto labels = inputs.find("labels");
  if (labels == inputs.end() || info.bare) return LabelKind::none;
  if (!info.sentence_label.empty() && !inputs.count(info.sentence_label)) return LabelKind::none;
  if (info.head != "ForSequenceClassification" || !info.problem_type.empty() || info.labels == 1)
    return default_labels(info);
  const DType type = labels->second.type();
  return type == DType::f32 || type == DType::f64 ? LabelKind::multi_hot : LabelKind::class_index;
}

void PaddedBatch::write_labels(const TensorMap& inputs, const ModelInfo& info, Program& program) const {
  xlnet_.write(program);
  write_rotations(inputs, program);
  const PaddedSide& side = packed_.shape.target_tokens > 0 && info.word_labels ? target_ : source_;
  const bool weighted = program.has_input("label_weights");
  for (const auto& [name, given] : inputs) {
    if (name != "labels" && name != info.sentence_label && !is_span(name)) continue;
    if (!program.has_input(name)) continue;
    Tensor target = program.input(name);
    if (target.type() == DType::i32)
      check_classes(given.to(DType::i64), name, classes_of(name, info, packed_.shape.choices));
    if (is_span(name)) {
      write_span_labels(given.to(DType::i64), target);
    } else if (name == "labels" && info.token_labels) {
      if (given.count() != side.positions())
        throw Error(name, fmt::format("is {}, expected one for each of {} tokens", to_string(given.shape()),
                                      side.positions()));
      write_token_labels(side, given.to(DType::i64), info.shifted_labels, target);
    } else if (given.count() != target.count()) {
      throw Error(name, fmt::format("is {}, expected {} values", to_string(given.shape()), target.count()));
    } else {
      const Tensor values = given.to(target.type());
      std::memcpy(target.bytes(), values.bytes(), values.byte_count());
    }
  }
  if (!weighted) return;
  Tensor weights = program.input("label_weights");
  std::ranges::fill(weights.data<float>(), info.token_labels ? 0.0f : 1.0f);
  if (info.token_labels) std::fill_n(weights.data<float>().begin(), side.places().size(), 1.0f);
}

void PaddedBatch::write_token_labels(const PaddedSide& side, const Tensor& given, bool shifted,
                                     Tensor target) const {
  const std::vector<int64_t>& places = side.places();
  std::vector<int64_t> labels(target.count(), -1);
  for (size_t row = 0; row < places.size(); ++row) {
    const int64_t at = places[row] + (shifted ? 1 : 0);
    const bool same_sequence = at / side.length() == places[row] / side.length();
    if (same_sequence && side.row_of(at) >= 0) labels[row] = given.data<int64_t>()[at];
  }
  if (target.type() == DType::i32)
    std::ranges::copy(labels, target.data<int32_t>().begin());
  else
    std::ranges::transform(labels, target.data<float>().begin(),
                           [](int64_t v) { return v > 0 ? 1.0f : 0.0f; });
}

void PaddedBatch::write_span_labels(const Tensor& given, Tensor target) const {
  if (given.count() != target.count())
    throw Error("start_positions",
                fmt::format("is {}, expected {} values", to_string(given.shape()), target.count()));
  const PackedRows& rows = packed_.shape.target_tokens > 0 ? packed_.target : packed_;
  const PaddedSide& side = packed_.shape.target_tokens > 0 ? target_ : source_;
  for (int64_t s = 0; s < given.count(); ++s) {
    const int64_t at = given.data<int64_t>()[s];
    const int64_t row = at >= 0 && at < side.length() ? side.row_of(s * side.length() + at) : -1;
    target.data<int32_t>()[s] = row < 0 ? -1 : static_cast<int32_t>(row - rows.offsets[s]);
  }
}

Tensor PaddedBatch::unpack(const Tensor& value, Rows rows) const {
  if (rows == Rows::whole) return value.clone();
  if (rows == Rows::token) return source_.unpack(value);
  if (rows == Rows::target_token) return target_.unpack(value);
  Shape shape = source_.batch();
  shape.insert(shape.end(), value.shape().begin() + 1, value.shape().end());
  return value.clone().reshaped(shape);
}

}  // namespace frugal
