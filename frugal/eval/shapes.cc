#include "frugal/eval/shapes.h"

#include <algorithm>
#include <chrono>

#include "frugal/base/stats.h"
#include "frugal/io/json.h"
#include "frugal/models/weights.h"
#include "frugal/shrink/precision.h"

namespace frugal {
namespace {

constexpr double kWarmUp = 0.2;   // of the time that is measured
constexpr double kLongRun = 2.0;  // seconds: one such run tells enough

// Of the weights of products, which are the constants that are bytes of no type.
double packed_bytes(const Graph& graph) {
  double bytes = 0;
  for (const Node& node : graph.nodes())
    if (node.kind == NodeKind::constant && node.outputs[0].type == DType::u8)
      bytes += static_cast<double>(node.outputs[0].byte_count());
  return bytes;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::vector<BenchShape> bench_shapes() {
  return {{"TinyBERT4", 4, 312, 12, 1200},
          {"MiniLM-L6", 6, 384, 12, 1536},
          {"DistilBERT", 6, 768, 12, 3072},
          {"BERT-base", 12, 768, 12, 3072},
          {"BERT-large", 24, 1024, 16, 4096}};
}

// The vocabulary is small: a lookup costs the same in any.
ModelFolder random_folder(const BenchShape& shape) {
  const Json config{{"architectures", {"BertForSequenceClassification"}},
                    {"model_type", "bert"},
                    {"vocab_size", 1000},
                    {"hidden_size", shape.hidden},
                    {"num_hidden_layers", shape.layers},
                    {"num_attention_heads", shape.heads},
                    {"intermediate_size", shape.ffn},
                    {"max_position_embeddings", 512},
                    {"type_vocab_size", 2},
                    {"hidden_act", "gelu"}};
  ModelFolder made;
  made.path = shape.name;
  made.model = make_model(config, "benchmark");
  made.store = std::make_shared<Store>();
  for (const ParameterSpec& spec : made.model->parameters())
    made.store->set(spec.name, initial_value(spec, 0.02, 1));
  return made;
}

BenchSubject::BenchSubject(const std::string& name, const ModelFolder& folder, const std::string& precision,
                           const Context& context)
    : name_(name), precision_(precision) {
  const ModelFolder used = in_precision(folder, precision, context);
  inference_ = std::make_unique<Inference>(used.model, used.store, context);
}

BenchRow BenchSubject::time(int64_t batch, int64_t tokens, double seconds) {
  std::vector<Sequence> sequences(batch);
  const auto pieces = static_cast<int32_t>(inference_->model().info().vocab_size);
  for (Sequence& sequence : sequences)
    for (int64_t i = 0; i < tokens; ++i)
      sequence.ids.push_back(static_cast<int32_t>(i) % pieces), sequence.types.push_back(0);
  BenchRow row = time(sequences, batch, seconds);
  row.tokens = tokens;
  return row;
}

BenchRow BenchSubject::time(const std::vector<Sequence>& sequences, int64_t batch, double seconds) {
  std::vector<PackedBatch> parts;
  for (size_t begin = 0; begin < sequences.size(); begin += static_cast<size_t>(batch)) {
    std::vector<const Sequence*> some;
    for (size_t i = begin; i < std::min(sequences.size(), begin + static_cast<size_t>(batch)); ++i)
      some.push_back(&sequences[i]);
    for (const std::span<const Sequence* const> part : batches_of(some))
      parts.push_back(pack_for(inference_->model().info(), part));
  }
  BenchRow row = time(parts, seconds);
  row.batch = batch;
  row.sequences = static_cast<int64_t>(sequences.size());
  return row;
}

BenchRow BenchSubject::time(const std::vector<PackedBatch>& parts, double seconds) {
  BenchRow row;
  row.shape = name_;
  row.precision = precision_;
  for (const PackedBatch& part : parts) {
    const Graph& graph = inference_->run(part).graph();
    row.flops += price(graph).flops;
    row.weight_bytes = packed_bytes(graph);
  }
  const auto once = [&] {
    const double begin = now();
    for (const PackedBatch& part : parts) inference_->run(part);
    return now() - begin;
  };
  for (const double end = now() + seconds * kWarmUp; now() < end;) once();
  std::vector<double> times{once()};
  const size_t least = times[0] >= kLongRun ? 1 : 3;
  for (const double end = now() + seconds; times.size() < least || now() < end;) times.push_back(once());
  row.milliseconds = 1e3 * median(times);
  row.spread = (percentile(times, 0.9) - percentile(times, 0.1)) / median(times);
  row.operations_per_second = row.flops / median(times);
  row.runs = static_cast<int64_t>(times.size());
  return row;
}

}  // namespace frugal
