#include "frugal/ops/embedding.h"

#include <fmt/format.h>

#include <cstring>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"
#include "frugal/ops/scatter.h"
#include "frugal/ops/skip_id.h"

namespace frugal {

Value embedding(Value table, Value ids, int32_t padding) {
  return table.graph->add<Embedding>({table, ids}, padding);
}
Value embedding_grad(Value ids, Value dy, int64_t vocabulary) {
  return ids.graph->add<EmbeddingGrad>({ids, dy}, vocabulary);
}
Value embedding_s8(Value table, Value scales, Value ids) {
  return table.graph->add<EmbeddingS8>({table, scales, ids});
}

std::string Embedding::attributes() const { return padding < 0 ? "" : fmt::format("padding={}", padding); }

std::vector<TensorType> Embedding::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs a table and ids");
  require_type(in[0], DType::f32, 2, "the table");
  require_type(in[1], DType::i32, 1, "ids");
  return {f32({in[1].shape[0], in[0].shape[1]})};
}

std::vector<Value> Embedding::gradient(const GradientContext& context) const {
  const Value ids = padding >= 0 ? skip_id(context.inputs[1], padding) : context.inputs[1];
  return {embedding_grad(ids, context.output_gradients[0], context.inputs[0].dim(0)), {}};
}

// Only the rows that are looked up are read.
Work Embedding::work(std::span<const TensorType>, std::span<const TensorType> out) const {
  return {0, 2.0 * static_cast<double>(out[0].byte_count())};
}

Kernel Embedding::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t vocabulary = in[0].shape[0], width = in[0].shape[1], rows = in[1].shape[0];
  return {[=](const KernelArgs& args, Worker& worker) {
    const float* table = args.input<float>(0);
    const int32_t* ids = args.input<int32_t>(1);
    float* out = args.output<float>(0);
    const size_t bytes = static_cast<size_t>(width) * sizeof(float);
    for_each_row(worker, rows, width, [=](int64_t t) {
      if (ids[t] < 0 || ids[t] >= vocabulary)
        std::memset(out + t * width, 0, bytes);
      else
        std::memcpy(out + t * width, table + ids[t] * width, bytes);
    });
  }};
}

std::string EmbeddingGrad::attributes() const { return fmt::format("vocabulary={}", vocabulary); }

std::vector<TensorType> EmbeddingGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs ids and dy");
  require_type(in[0], DType::i32, 1, "ids");
  require_type(in[1], DType::f32, 2, "dy");
  require(in[0].shape[0] == in[1].shape[0], "ids and dy differ in rows");
  return {f32({vocabulary, in[1].shape[1]})};
}

Kernel EmbeddingGrad::kernel(const Context&, std::span<const TensorType> in,
                             std::span<const TensorType>) const {
  const int64_t rows = in[1].shape[0], width = in[1].shape[1];
  return {[rows, width, vocabulary = vocabulary](const KernelArgs& args, Worker& worker) {
    scatter_add(worker, args.input<int32_t>(0), args.input<float>(1), rows, vocabulary, width,
                args.output<float>(0));
  }};
}

std::vector<TensorType> EmbeddingS8::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs a table, scales and ids");
  require_type(in[0], DType::i8, 2, "the table");
  require(in[1] == f32({in[0].shape[0]}), "scales must be F32, one for each row of the table");
  require_type(in[2], DType::i32, 1, "ids");
  return {f32({in[2].shape[0], in[0].shape[1]})};
}

Work EmbeddingS8::work(std::span<const TensorType>, std::span<const TensorType> out) const {
  return {static_cast<double>(element_count(out[0].shape)), 1.25 * static_cast<double>(out[0].byte_count())};
}

Kernel EmbeddingS8::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t vocabulary = in[0].shape[0], width = in[0].shape[1], rows = in[2].shape[0];
  return {[=](const KernelArgs& args, Worker& worker) {
    const int8_t* table = args.input<int8_t>(0);
    const float* scales = args.input<float>(1);
    const int32_t* ids = args.input<int32_t>(2);
    float* out = args.output<float>(0);
    for_each_row(worker, rows, width, [=](int64_t t) {
      const bool known = ids[t] >= 0 && ids[t] < vocabulary;
      const float scale = known ? scales[ids[t]] : 0;
      const int8_t* row = table + (known ? ids[t] : 0) * width;
      for (int64_t j = 0; j < width; ++j) out[t * width + j] = static_cast<float>(row[j]) * scale;
    });
  }};
}

}  // namespace frugal
