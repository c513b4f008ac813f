#include "frugal/ops/write_rows.h"

#include "frugal/ops/rows.h"

namespace frugal {

void write_rows(Value cache, Value rows, Value values) { cache.graph->add<WriteRows>({cache, rows, values}); }

std::vector<TensorType> WriteRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs a cache, rows and values");
  require_type(in[0], DType::f32, 2, "the cache");
  require_type(in[1], DType::i32, 1, "rows");
  require(in[2] == f32({in[1].shape[0], in[0].shape[1]}),
          "values are not F32, one for each row, as wide as the cache");
  return {};
}

Work WriteRows::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {0, 2.0 * static_cast<double>(in[2].byte_count())};
}

Kernel WriteRows::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t cache_rows = in[0].shape[0], rows = in[2].shape[0], width = in[2].shape[1];
  return {[=](const KernelArgs& args, Worker& worker) {
    const int32_t* row = args.input<int32_t>(1);
    for_each_row(worker, rows, width, [&](int64_t t) {
      if (row[t] >= 0 && row[t] < cache_rows)
        std::copy_n(args.input<float>(2) + t * width, width, args.updated<float>(0) + row[t] * width);
    });
  }};
}

}  // namespace frugal
