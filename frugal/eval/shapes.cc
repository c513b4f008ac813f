#include "frugal/eval/shapes.h"

#include <chrono>

#include "frugal/base/stats.h"
#include "frugal/models/inference.h"
#include "frugal/models/weights.h"
#include "frugal/shrink/quantize.h"

namespace frugal {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A BERT of this shape with random weights. The vocabulary is small: a lookup costs the same in any.
Student random_model(const BenchShape& shape) {
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
  Student made{make_model(config, "benchmark"), std::make_shared<Store>()};
  for (const ParameterSpec& spec : made.model->parameters())
    made.store->set(spec.name, initial_value(spec, 0.02, 1));
  return made;
}

}  // namespace

std::vector<BenchShape> bench_shapes() {
  return {{"TinyBERT4", 4, 312, 12, 1200},
          {"MiniLM-L6", 6, 384, 12, 1536},
          {"DistilBERT", 6, 768, 12, 3072},
          {"BERT-base", 12, 768, 12, 3072}};
}

BenchRow bench_shape(const BenchShape& shape, int64_t batch, int64_t tokens, Precision precision,
                     const Context& context, double seconds) {
  Student model = random_model(shape);
  if (precision == Precision::s8) model = quantize(*model.model, *model.store);
  InferenceOptions options;
  options.precision = precision == Precision::bf16 ? Precision::bf16 : Precision::f32;
  Inference inference(model.model, model.store, context, options);
  std::vector<Sequence> sequences(batch);
  for (Sequence& sequence : sequences)
    for (int64_t i = 0; i < tokens; ++i)
      sequence.ids.push_back(static_cast<int32_t>(i % 1000)), sequence.types.push_back(0);
  const PackedBatch packed = pack_batch(sequences);
  Program& program = inference.run(packed);
  std::vector<double> times;
  for (const double end = now() + seconds; times.size() < 5 || now() < end;) {
    const double begin = now();
    inference.run(packed);
    times.push_back(now() - begin);
  }
  BenchRow row;
  row.shape = shape.name;
  row.precision = precision == Precision::s8 ? "int8" : precision == Precision::bf16 ? "bf16" : "fp32";
  row.batch = batch;
  row.tokens = tokens;
  row.milliseconds = 1e3 * median(times);
  row.spread = (percentile(times, 0.9) - percentile(times, 0.1)) / median(times);
  row.flops = price(program.graph()).flops;
  row.operations_per_second = row.flops / median(times);
  row.runs = static_cast<int64_t>(times.size());
  return row;
}

}  // namespace frugal
