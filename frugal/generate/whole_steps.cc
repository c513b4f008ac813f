#include "frugal/generate/whole_steps.h"

#include "frugal/generate/next_token_graph.h"
#include "frugal/models/inference.h"

namespace frugal {
namespace {

constexpr size_t kMostPrograms = 32;

}  // namespace

WholeSteps::WholeSteps(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context)
    : model_(std::move(model)),
      store_(std::move(store)),
      context_(std::move(context)),
      programs_(kMostPrograms) {
  require_next_token_head(*model_);
}

PackedBatch WholeSteps::pack() const {
  std::vector<Sequence> sources, decoders;
  for (const Row& row : rows_) {
    decoders.push_back(sequence_of(row.decoder));
    if (encodes()) sources.push_back(sequence_of(row.source));
  }
  if (encodes()) {
    PackedBatch batch = pack_batch(sources);
    pack_target(batch, decoders);
    return batch;
  }
  PackedBatch batch = pack_batch(decoders);
  if (model_->info().permutes) {  // a query at the next position, which sees all tokens
    std::vector<Sequence> queries;
    for (const Row& row : rows_) queries.push_back({{0}, {0}, {static_cast<int32_t>(row.decoder.size())}});
    pack_target(batch, queries);
    for (const Row& row : rows_)
      if (static_cast<int64_t>(row.decoder.size()) == batch.shape.longest) batch.shape.longest *= 2;
  }
  return batch;
}

std::vector<std::span<float>> WholeSteps::step(std::span<const StepRow> rows) {
  std::vector<Row> next;
  for (const StepRow& row : rows) {
    next.push_back(row.parent < 0 ? Row{row.prompt->source, {}} : rows_.at(static_cast<size_t>(row.parent)));
    next.back().decoder.insert(next.back().decoder.end(), row.ids.begin(), row.ids.end());
  }
  rows_ = std::move(next);
  const PackedBatch batch = pack();
  Program& program = programs_.get(batch.shape, [&] {
    Graph graph;
    Net net(graph, batch.shape, {});
    build_next_token(*model_, net);
    return compile_for_inference(graph, context_, store_, saved_precision(model_->info(), context_), arena_);
  });
  write_batch(program, batch);
  program.run();
  return next_logits(program, rows_.size());
}

}  // namespace frugal
