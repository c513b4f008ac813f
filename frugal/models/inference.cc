#include "frugal/models/inference.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include "frugal/base/error.h"

#include "frugal/ops/gather_rows.h"
#include "frugal/ops/l2_normalize.h"
#include "frugal/ops/segment_mean.h"

namespace frugal {
namespace {

// A program of a 6 x 384 model for 8 x 128 tokens takes some 20 MB; shapes of real traffic are a few dozen.
constexpr size_t kMostPrograms = 64;

void copy_to(Program& program, const std::string& name, const std::vector<int32_t>& values) {
  if (!program.has_input(name)) return;
  Tensor input = program.input(name);
  std::memcpy(input.bytes(), values.data(), values.size() * sizeof(int32_t));
}

void write_side(Program& program, const std::string& prefix, const PackedRows& side) {
  copy_to(program, prefix + "ids", side.ids);
  copy_to(program, prefix + "types", side.types);
  copy_to(program, prefix + "positions", side.positions);
  copy_to(program, prefix + "offsets", side.offsets);
  copy_to(program, prefix + "first_rows", side.first_rows);
  copy_to(program, prefix + "last_rows", side.last_rows);
  copy_to(program, prefix + "columns", side.columns);
  copy_to(program, prefix + "extents", side.extents);
}

}  // namespace

void write_batch(Program& program, const PackedBatch& batch) {
  write_side(program, "", batch);
  if (batch.shape.target_tokens > 0) write_side(program, "decoder_", batch.target);
  if (program.has_input("one_each")) {
    Tensor input = program.input("one_each");
    std::iota(input.data<int32_t>().begin(), input.data<int32_t>().end(), 0);
  }
  if (program.has_input("p_mask")) std::ranges::fill(program.input("p_mask").data<float>(), 0.0f);
}

Precision saved_precision(const ModelInfo& info, const Context& context) {
  return info.bf16 && has_bf16(context.isa) ? Precision::bf16 : Precision::f32;
}

Inference::Inference(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context,
                     InferenceOptions options)
    : model_(std::move(model)),
      store_(std::move(store)),
      context_(std::move(context)),
      options_(std::move(options)),
      programs_(kMostPrograms) {}

std::unique_ptr<Program> Inference::compile(const BatchShape& shape, bool folds) {
  Graph graph;
  NetOptions options;
  options.labels = options_.labels;
  Net net(graph, shape, options);
  model_->build(net);
  if (options_.sentence_vectors) {
    const Value last = net.taps().at("hidden." + std::to_string(model_->info().layers));
    net.output("embedding", l2_normalize(segment_mean(last, net.offsets())), Rows::sequence);
  }
  for (const std::string& tap : options_.gathered_taps)
    net.output("tap." + tap, net.first_of(net.taps().at(tap)), Rows::sequence);
  if (!options_.picked.empty()) {
    const Value rows = graph.input("picked_rows", i32({shape.sequences}));
    net.output("picked", gather_rows(graph.outputs().at(options_.picked), rows, net.one_each()),
               Rows::sequence);
  }
  if (!options_.only.empty()) graph.keep_outputs(options_.only);
  output_rows_ = net.output_rows();
  const Precision precision = options_.precision.value_or(saved_precision(model_->info(), context_));
  return compile_for_inference(graph, context_, store_, precision, arena_, folds);
}

Sequence moved_right(const ModelInfo& info, Sequence sequence) {
  if (info.decoder_start < 0)
    throw Error("config.json", "gives no decoder_start_token_id: nothing for the decoder to begin with");
  if (sequence.ids.empty()) return sequence;
  sequence.ids.pop_back();
  sequence.ids.insert(sequence.ids.begin(), static_cast<int32_t>(info.decoder_start));
  return sequence;
}

PackedBatch pack_for(const ModelInfo& info, std::span<const Sequence* const> sequences,
                     bool exact_sequences) {
  PackedBatch batch = pack_batch(sequences, exact_sequences);
  if (!info.decoder) return batch;
  std::vector<Sequence> moved;
  for (const Sequence* sequence : sequences) moved.push_back(moved_right(info, *sequence));
  pack_target(batch, moved);
  return batch;
}

Program& Inference::prepare(const PackedBatch& batch) {
  once_.reset();
  return filled(programs_.get(batch.shape, [&] { return compile(batch.shape, true); }), batch);
}

Program& Inference::prepare_once(const PackedBatch& batch) {
  once_ = compile(batch.shape, false);
  return filled(*once_, batch);
}

Program& Inference::filled(Program& program, const PackedBatch& batch) {
  write_batch(program, batch);
  rows_computed += batch.shape.tokens;
  rows_filled += batch.rows;
  return program;
}

Program& Inference::run(const PackedBatch& batch) {
  Program& program = prepare(batch);
  program.run();
  return program;
}

}  // namespace frugal
