#include "frugal/ops/expert_linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {
namespace {

int64_t experts_of(const TensorType& bounds) { return bounds.shape[0] - 1; }

void check_rows(std::span<const TensorType> in, size_t bounds_at) {
  require_type(in[0], DType::f32, 2, "the left matrix");
  require_type(in[bounds_at], DType::i32, 1, "bounds");
  require(in[bounds_at].shape[0] >= 2, "there is no expert");
}

// Every row through one expert of `bytes`: at most as many experts as rows are read or written.
Work work_of(int64_t rows, int64_t m, int64_t n, int64_t experts, double bytes) {
  const auto r = static_cast<double>(rows), width = static_cast<double>(m + n);
  return {2 * r * static_cast<double>(m) * static_cast<double>(n),
          4 * r * width + static_cast<double>(std::min(rows, experts)) * bytes};
}

// Scratch of a product whose `varying` size is known only when it runs.
template <class Scratch>
size_t most_scratch(int64_t rows, Scratch&& scratch) {
  size_t most = 0;
  for (int64_t r = 1; r <= rows; ++r) most = std::max(most, scratch(r));
  return most;
}

void zero_rows(Worker& worker, float* out, int64_t begin, int64_t end, int64_t width) {
  for_each_chunk(worker, (end - begin) * width, [=](int64_t from, int64_t to) {
    std::memset(out + begin * width + from, 0, static_cast<size_t>(to - from) * sizeof(float));
  });
}

}  // namespace

Value expert_linear(Value x, const std::vector<Value>& weights, Value bounds) {
  std::vector<Value> inputs{x, bounds};
  inputs.insert(inputs.end(), weights.begin(), weights.end());
  return x.graph->add<ExpertLinear>(std::move(inputs), true);
}

std::vector<TensorType> ExpertLinear::infer(std::span<const TensorType> in) const {
  require(in.size() >= 3, "needs x, bounds and a weight");
  check_rows(in, 1);
  require_type(in[2], DType::f32, 2, "the first weight");
  const int64_t n = in[2].shape[trans_w ? 0 : 1];
  require(in[2].shape[trans_w ? 1 : 0] == in[0].shape[1], "the inner sizes differ");
  require(static_cast<int64_t>(in.size()) - 2 == experts_of(in[1]),
          "bounds must be one more than the weights");
  for (const TensorType& weight : in.subspan(2))
    require(weight == in[2], "the experts' weights differ in shape");
  return {f32({in[0].shape[0], n})};
}

std::vector<Value> ExpertLinear::gradient(const GradientContext& context) const {
  const Value x = context.inputs[0], bounds = context.inputs[1], dy = context.output_gradients[0];
  std::vector<Value> result(context.inputs.size());
  if (context.needed[0]) {
    std::vector<Value> inputs = context.inputs;
    inputs[0] = dy;
    result[0] = context.graph.add<ExpertLinear>(std::move(inputs), !trans_w);
  }
  if (std::none_of(context.needed.begin() + 2, context.needed.end(), [](bool needed) { return needed; }))
    return result;
  const Value outer = context.graph.add<ExpertOuter>(trans_w ? std::vector<Value>{dy, x, bounds}
                                                             : std::vector<Value>{x, dy, bounds});
  for (size_t e = 2; e < result.size(); ++e)
    if (context.needed[e]) result[e] = Graph::output_of(outer, static_cast<int>(e) - 2);
  return result;
}

Work ExpertLinear::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  return work_of(in[0].shape[0], in[0].shape[1], out[0].shape[1], experts_of(in[1]),
                 static_cast<double>(in[2].byte_count()));
}

Kernel ExpertLinear::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType> out) const {
  const int64_t rows = in[0].shape[0], k = in[0].shape[1], n = out[0].shape[1], experts = experts_of(in[1]);
  const int64_t wk = trans_w ? 1 : n, wj = trans_w ? k : 1;
  return {[=](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    const int32_t* bounds = args.input<int32_t>(1);
    float* y = args.output<float>(0);
    worker.for_each(rows, [&](int64_t t) {
      const int64_t e = std::upper_bound(bounds, bounds + experts + 1, t) - bounds - 1;
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        if (e >= 0 && e < experts)
          for (int64_t i = 0; i < k; ++i)
            sum += double{x[t * k + i]} * args.input<float>(e + 2)[i * wk + j * wj];
        y[t * n + j] = static_cast<float>(sum);
      }
    });
  }};
}

std::vector<TensorType> ExpertOuter::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs a, b and bounds");
  check_rows(in, 2);
  require_type(in[1], DType::f32, 2, "the right matrix");
  require(in[0].shape[0] == in[1].shape[0], "a and b differ in rows");
  return std::vector<TensorType>(static_cast<size_t>(experts_of(in[2])),
                                 f32({in[0].shape[1], in[1].shape[1]}));
}

Work ExpertOuter::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  return work_of(in[0].shape[0], in[0].shape[1], in[1].shape[1], experts_of(in[2]),
                 static_cast<double>(out[0].byte_count()));
}

Kernel ExpertOuter::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t m = in[0].shape[1], n = in[1].shape[1], experts = experts_of(in[2]);
  return {[=](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    const int32_t* bounds = args.input<int32_t>(2);
    worker.for_each(experts * m, [&](int64_t item) {
      const int64_t e = item / m, i = item % m;
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t t = bounds[e]; t < bounds[e + 1]; ++t) sum += double{a[t * m + i]} * b[t * n + j];
        args.output<float>(e)[i * n + j] = static_cast<float>(sum);
      }
    });
  }};
}

std::string PackedExpertLinear::attributes() const { return std::string(name_of(precision)); }

std::vector<TensorType> PackedExpertLinear::infer(std::span<const TensorType> in) const {
  require(in.size() >= 3, "needs x, bounds and a packed weight");
  check_rows(in, 1);
  const size_t bytes = packed_bytes(precision, isa, in[0].shape[1], n);
  for (const TensorType& packed : in.subspan(2))
    require(packed.byte_count() == bytes, "a packed weight has another size");
  return {f32({in[0].shape[0], n})};
}

Work PackedExpertLinear::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return work_of(in[0].shape[0], in[0].shape[1], n, experts_of(in[1]),
                 static_cast<double>(in[2].byte_count()));
}

// One product after the other, each shared by the whole team: a product of one row is already cut into items.
Kernel PackedExpertLinear::kernel(const Context&, std::span<const TensorType> in,
                                  std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], k = in[0].shape[1], experts = experts_of(in[1]);
  const auto run = [=, precision = precision, isa = isa, n = n](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    const int32_t* bounds = args.input<int32_t>(1);
    float* y = args.output<float>(0);
    for (int64_t e = 0; e < experts; ++e) {
      const int64_t begin = bounds[e], count = bounds[e + 1] - begin;
      if (count > 0)
        gemm(precision, isa, {x + begin * k, k, 1}, args.in[e + 2], count, n, k, y + begin * n, n, {},
             worker);
    }
    zero_rows(worker, y, 0, bounds[0], n);
    zero_rows(worker, y, bounds[experts], rows, n);
  };
  return {run, most_scratch(rows, [&](int64_t r) { return gemm_scratch_bytes(precision, isa, r, n, k); })};
}

std::string PackedExpertOuter::attributes() const { return std::string(name_of(precision)); }

std::vector<TensorType> PackedExpertOuter::infer(std::span<const TensorType> in) const {
  std::vector<TensorType> out = ExpertOuter().infer(in);
  const size_t bytes = packed_bytes(precision, isa, in[0].shape[0], in[1].shape[1]);
  out.push_back({DType::u8, {static_cast<int64_t>(bytes)}});
  return out;
}

Work PackedExpertOuter::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  return ExpertOuter().work(in, out);
}

Kernel PackedExpertOuter::kernel(const Context&, std::span<const TensorType> in,
                                 std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], m = in[0].shape[1], n = in[1].shape[1], experts = experts_of(in[2]);
  const auto run = [=, precision = precision, isa = isa](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    const int32_t* bounds = args.input<int32_t>(2);
    void* packed = args.out[experts];
    for (int64_t e = 0; e < experts; ++e) {
      const int64_t begin = bounds[e], count = bounds[e + 1] - begin;
      if (count == 0) {
        zero_rows(worker, args.output<float>(e), 0, m, n);
        continue;
      }
      pack_b(precision, isa, {b + begin * n, n, 1}, count, n, packed, worker);
      gemm(precision, isa, {a + begin * m, 1, m}, packed, m, n, count, args.output<float>(e), n, {}, worker);
    }
  };
  return {run, most_scratch(rows, [&](int64_t r) { return gemm_scratch_bytes(precision, isa, m, n, r); })};
}

}  // namespace frugal
