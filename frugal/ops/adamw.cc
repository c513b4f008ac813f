#include "frugal/ops/adamw.h"

#include <fmt/format.h>

#include "frugal/ops/rows.h"

namespace frugal {
namespace {

std::string text(const AdamWSettings& s) {
  return fmt::format("beta1={} beta2={} eps={} weight_decay={}", s.beta1, s.beta2, s.eps, s.weight_decay);
}

void check(const AdamWSettings& s) {
  require(s.beta1 >= 0 && s.beta1 < 1 && s.beta2 >= 0 && s.beta2 < 1, "betas must be in [0, 1)");
  require(s.eps > 0 && s.weight_decay >= 0, "eps must be positive and the weight decay not negative");
}

}  // namespace

void adamw(Value param, Value grad, Value m, Value v, Value hyper, Value clip, AdamWSettings settings) {
  param.graph->add<AdamW>({param, grad, m, v, hyper, clip}, settings);
}
void adamw_rows(Value param, Value m, Value v, Value rows, Value slots, Value active, Value hyper, Value clip,
                AdamWSettings settings) {
  param.graph->add<AdamWRows>({param, m, v, rows, slots, active, hyper, clip}, settings);
}
void accumulate(Value buffer, Value x) { buffer.graph->add<Accumulate>({buffer, x}); }

std::string AdamW::attributes() const { return text(settings); }

std::vector<TensorType> AdamW::infer(std::span<const TensorType> in) const {
  check(settings);
  require(in.size() == 6, "needs param, grad, m, v, hyper and clip");
  require(in[0].type == DType::f32 && in[0] == in[1] && in[0] == in[2] && in[0] == in[3],
          "param, grad, m and v must be F32 of one shape");
  require(in[4] == f32({4}) && in[5] == f32({}), "hyper must be F32[4] and clip an F32 scalar");
  return {};
}

Work AdamW::work(std::span<const TensorType> in, std::span<const TensorType>) const {  // 4 read, 3 written
  return {15.0 * static_cast<double>(element_count(in[0].shape)),
          7.0 * static_cast<double>(in[0].byte_count())};
}

std::string AdamWRows::attributes() const { return text(settings); }

std::vector<TensorType> AdamWRows::infer(std::span<const TensorType> in) const {
  check(settings);
  require(in.size() == 8, "needs param, m, v, rows, slots, active, hyper and clip");
  require_type(in[0], DType::f32, 2, "param");
  require(in[0] == in[1] && in[0] == in[2], "param, m and v must be of one shape");
  require_type(in[3], DType::f32, 2, "rows");
  require(in[3].shape[1] == in[0].shape[1], "rows and param differ in width");
  require(in[4] == i32({in[3].shape[0]}), "slots must be I32, one for each row");
  const int64_t vocabulary = in[0].shape[0];
  require(in[5] == TensorType{DType::u8, {vocabulary}}, "active must be U8, one for each row of param");
  require(in[6] == f32({4}) && in[7] == f32({}), "hyper must be F32[4] and clip an F32 scalar");
  return {i32({vocabulary})};
}

// How many rows are active shows at run time only; at least this batch's are.
Work AdamWRows::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {15.0 * static_cast<double>(element_count(in[3].shape)),
          7.0 * static_cast<double>(in[3].byte_count())};
}

std::vector<TensorType> Accumulate::infer(std::span<const TensorType> in) const {
  require(in.size() == 2 && in[0] == in[1] && in[0].type == DType::f32, "needs two F32 tensors of one shape");
  return {};
}

Kernel Accumulate::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  return {[n = element_count(in[0].shape)](const KernelArgs& args, Worker& worker) {
    float* buffer = args.updated<float>(0);
    const float* x = args.input<float>(1);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) buffer[i] += x[i];
    });
  }};
}

}  // namespace frugal
