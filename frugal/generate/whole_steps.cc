#include "frugal/generate/whole_steps.h"

#include "frugal/generate/next_token_graph.h"
#include "frugal/models/inference.h"

namespace frugal {
namespace {

constexpr size_t kMostPrograms = 32;

Sequence sequence_of(const std::vector<int32_t>& ids) {
  return {ids, std::vector<int32_t>(ids.size(), 0), {}};
}

}  // namespace

WholeSteps::WholeSteps(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context,
                       Precision precision)
    : model_(std::move(model)),
      store_(std::move(store)),
      context_(std::move(context)),
      precision_(precision),
      programs_(kMostPrograms) {
  require_next_token_head(*model_);
}

std::vector<std::span<float>> WholeSteps::step(std::span<const StepRow> rows) {
  std::vector<Row> next;
  for (const StepRow& row : rows) {
    next.push_back(row.parent < 0 ? Row{row.prompt->source, {}} : rows_.at(static_cast<size_t>(row.parent)));
    next.back().decoder.insert(next.back().decoder.end(), row.ids.begin(), row.ids.end());
  }
  rows_ = std::move(next);
  std::vector<Sequence> sources, decoders;
  for (const Row& row : rows_) {
    decoders.push_back(sequence_of(row.decoder));
    if (encodes()) sources.push_back(sequence_of(row.source));
  }
  PackedBatch batch = pack_batch(encodes() ? sources : decoders);
  if (encodes()) pack_target(batch, decoders);
  Program& program = programs_.get(batch.shape, [&] {
    Graph graph;
    Net net(graph, batch.shape, {});
    build_next_token(*model_, net);
    return compile_for_inference(graph, context_, store_, precision_, arena_);
  });
  write_batch(program, batch);
  program.run();
  Tensor logits = program.output("next");
  const auto vocab = static_cast<size_t>(logits.dim(1));
  std::vector<std::span<float>> found;
  for (size_t i = 0; i < rows_.size(); ++i) found.push_back(logits.data<float>().subspan(i * vocab, vocab));
  return found;
}

}  // namespace frugal
