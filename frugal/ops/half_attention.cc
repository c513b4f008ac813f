#include "frugal/ops/half_attention.h"

#include <algorithm>
#include <bit>

#include "frugal/ops/attention_items.h"
#include "frugal/ops/half_attention_kernels.h"

namespace frugal {

const HalfKernel* half_kernel(Isa isa) {
#if FRUGAL_HAS_HALVES
  if (isa >= Isa::avx512_fp16 && has_avx512_fp16()) return &fp16_kernel;
#endif
#if defined(__x86_64__)
  if (isa == Isa::avx2) return &short_kernel;
#endif
  return nullptr;
}

bool has_half_attention(Isa isa) { return half_kernel(isa) != nullptr; }
bool halves_can_do(const AttentionOptions& options) { return !options.causal && options.dropout == 0; }

std::string HalfAttention::attributes() const { return text_of(options); }

std::vector<TensorType> HalfAttention::infer(std::span<const TensorType> in) const {
  require(halves_can_do(options), "attention in 16 bits knows neither causality nor dropout");
  check_attention(options, in);
  require(in.size() == 5, "has an input too many");
  return {attention_layout(options, in).out()};
}

Work HalfAttention::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = attention_flops(options, attention_layout(options, in), 1, 1);
  return work;
}

Kernel HalfAttention::kernel(const Context& context, std::span<const TensorType> in,
                             std::span<const TensorType>) const {
  const HalfKernel* halves = half_kernel(context.isa);
  require(halves != nullptr, "this instruction set has no attention in 16 bits");
  const AttentionLayout l = attention_layout(options, in);
  const size_t float_scratch = round_up(attention_scratch(l.width) * sizeof(float), size_t{64});
  const auto in_float = attention_forward();
  // Bits depend on no block's size, so there may be as many items as the threads need. Beyond two blocks only
  // long sequences gain.
  const int64_t length = l.query_rows / std::max<int64_t>(1, l.sequences);
  int64_t block = kHalfQueryBlock * kHalfQueryBlocks;
  const auto fits = [&] {
    return l.heads * (l.query_rows / block) >= 2 * context.team->threads() &&
           (block <= 2 * kHalfQueryBlock || length >= block);
  };
  while (block > kHalfQueryBlock && !fits()) block /= 2;
  const auto body = [=, options = options](const KernelArgs& args, Worker& worker) {
    float unread_lse;  // one for all queries
    float* scratch = scratch_of(worker);
    for_each_query_block(
        worker, block, l.heads, l.query_rows, l.sequences, args.input<int32_t>(3),
        [&](int64_t h, int64_t s, RowRange q, int64_t first) {
          const AttentionHead head = attention_head(options, l, args, {}, q,
                                                    sequence_rows(args.input<int32_t>(4), s, l.key_rows), h);
          const auto out =
              columns(args.output<float>(0), q.begin, l.heads * l.value_width, h * l.value_width);
          const int64_t count = std::min(block, q.count() - first);
          const auto run_in_float = [&](int64_t query, int64_t queries) {
            in_float(head, query, queries, out, {&unread_lse, 0}, scratch);
          };
          if (head.keys < halves->fewest_keys) {
            for (int64_t i = 0; i < count; i += kQueryBlock)
              run_in_float(first + i, std::min(kQueryBlock, count - i));
            return;
          }
          OutOfRange broken =
              halves->attend(head, first, count, out, worker.scratch().data() + float_scratch);
          for (int64_t b = 0; b < kHalfQueryBlocks; ++b)
            for (; broken[b]; broken[b] &= broken[b] - 1)
              run_in_float(first + b * kHalfQueryBlock + std::countr_zero(broken[b]), 1);
        },
        [&](int64_t h, RowRange rest) {
          fill({args.output<float>(0) + h * l.value_width, l.heads * l.value_width}, rest, l.value_width, 0);
        });
  };
  return {body, float_scratch + halves->scratch_bytes(l.width, l.value_width)};
}

}  // namespace frugal
