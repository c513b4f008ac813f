#include "frugal/shrink/quantize.h"

#include <algorithm>
#include <cmath>

namespace frugal {
namespace {

constexpr float kLargest = 63;

void quantize_rows(const Tensor& weight, Tensor& quantized, Tensor& scales) {
  const int64_t width = weight.dim(1);
  for (int64_t row = 0; row < weight.dim(0); ++row) {
    const float* w = weight.data<float>().data() + row * width;
    int8_t* q = quantized.data<int8_t>().data() + row * width;
    float largest = 0;
    for (int64_t i = 0; i < width; ++i) largest = std::max(largest, std::fabs(w[i]));
    const float scale = largest > 0 ? largest / kLargest : 1.0f;
    scales.data<float>()[row] = scale;
    for (int64_t i = 0; i < width; ++i)
      q[i] = static_cast<int8_t>(std::clamp(std::nearbyint(w[i] / scale), -kLargest, kLargest));
  }
}

}  // namespace

Student quantize(const Model& model, const Store& store) {
  Json config = model.config();
  config["quantization_config"] = {
      {"quant_method", "frugal"}, {"weights", "s7"}, {"scales", "row"}, {"activations", "u8 dynamic row"}};
  Student result{make_model(config, "the quantized configuration"), std::make_shared<Store>()};
  for (const ParameterSpec& spec : model.parameters()) {
    const Tensor& weight = *store.find(spec.name);
    if (spec.shape.size() != 2 || weight.type() != DType::f32) {
      result.store->set(spec.name, weight);
      continue;
    }
    Tensor quantized(DType::i8, spec.shape), scales(DType::f32, {spec.shape[0]});
    quantize_rows(weight, quantized, scales);
    result.store->set(spec.name, quantized);
    result.store->set(spec.name + "_scale", scales);
  }
  return result;
}

}  // namespace frugal
