#include "frugal/ops/sinusoids.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frugal/ops/rows.h"

namespace frugal {

Value sinusoids(Graph& graph, int64_t first, int64_t rows, int64_t width, int64_t clamp) {
  return graph.add<Sinusoids>({}, first, rows, width, clamp);
}

std::string Sinusoids::attributes() const {
  return fmt::format("first={} rows={} width={} clamp={}", first, rows, width, clamp);
}

std::vector<TensorType> Sinusoids::infer(std::span<const TensorType> in) const {
  require(in.empty(), "takes no input");
  require(rows >= 1 && width >= 2 && width % 2 == 0, "needs rows and an even width");
  return {f32({rows, width})};
}

Kernel Sinusoids::kernel(const Context&, std::span<const TensorType>, std::span<const TensorType>) const {
  return {[*this](const KernelArgs& args, Worker& worker) {
    float* out = args.output<float>(0);
    for_each_row(worker, rows, 16 * width, [=, this](int64_t m) {  // a sine costs some 16 multiplications
      int64_t distance = first + m;
      if (clamp > 0) distance = std::clamp(distance, -clamp, clamp);
      float *sines = out + m * width, *cosines = sines + width / 2;
      for (int64_t i = 0; i < width / 2; ++i) {
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(width);
        const float angle = static_cast<float>(distance) * (1 / std::pow(10000.0f, exponent));
        sines[i] = static_cast<float>(std::sin(double{angle}));
        cosines[i] = static_cast<float>(std::cos(double{angle}));
      }
    });
  }};
}

}  // namespace frugal
