// Kernel of dropout: Philox-4x32-10 with one block in each 64-bit lane, so that a lane's 32 x 32 -> 64 bit
// products need no shuffles. About one cycle an element on AVX2.
#include <cstring>

#include "frugal/base/random.h"
#include "frugal/ops/dropout.h"
#include "frugal/ops/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/dropout_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kGroupElements = 512;  // 64 Philox blocks: 1 KiB of random bits, in the first-level cache

#if HWY_TARGET == HWY_SCALAR

void random_words(DropoutStream stream, uint64_t first_block, int64_t blocks, uint16_t* out) {
  for (int64_t block = 0; block < blocks; ++block) {
    const auto words = philox(stream.key, stream.counter_high, first_block + static_cast<uint64_t>(block));
    std::memcpy(out + block * 8, words.data(), sizeof words);
  }
}

#else

using WordTag = hn::ScalableTag<uint64_t>;
using Words = hn::Vec<WordTag>;

// The 64-bit product of a lane's lower half; its upper half is ignored.
HWY_INLINE Words multiply(Words a, uint32_t factor) {
  const hn::Repartition<uint32_t, WordTag> d32;
  return hn::MulEven(hn::BitCast(d32, a), hn::Set(d32, factor));
}

// Writes the eight 16-bit words of each of `blocks` Philox blocks. Rounds `blocks` up to whole vectors.
void random_words(DropoutStream stream, uint64_t first_block, int64_t blocks, uint16_t* out) {
  const WordTag d;
  constexpr int64_t lanes = hn::MaxLanes(WordTag());
  const Words low_half = hn::Set(d, 0xffffffffu);
  // Lane l counts the block that interleaving the two result vectors will put in order.
  HWY_ALIGN uint64_t place[lanes];
  for (int64_t l = 0; l < lanes; ++l) place[l] = static_cast<uint64_t>((l % 2) * (lanes / 2) + l / 2);
  const Words order = hn::Load(d, place);
  for (int64_t block = 0; block < blocks; block += lanes) {
    Words c0 = hn::Add(order, hn::Set(d, first_block + static_cast<uint64_t>(block)));
    Words c1 = hn::ShiftRight<32>(c0);
    Words c2 = hn::Set(d, stream.counter_high), c3 = hn::Set(d, stream.counter_high >> 32);
    uint32_t k0 = static_cast<uint32_t>(stream.key), k1 = static_cast<uint32_t>(stream.key >> 32);
    for (int round = 0; round < 10; ++round) {  // upper halves of the lanes hold garbage until the end
      const Words p0 = multiply(c0, 0xD2511F53u), p1 = multiply(c2, 0xCD9E8D57u);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), hn::Set(d, k0));
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), hn::Set(d, k1));
      c1 = p1;
      c3 = p0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const Words w01 = hn::Or(hn::And(c0, low_half), hn::ShiftLeft<32>(c1));
    const Words w23 = hn::Or(hn::And(c2, low_half), hn::ShiftLeft<32>(c3));
    const hn::Repartition<uint16_t, WordTag> d16;
    hn::StoreU(hn::BitCast(d16, hn::InterleaveLower(d, w01, w23)), d16, out + block * 8);
    hn::StoreU(hn::BitCast(d16, hn::InterleaveUpper(d, w01, w23)), d16, out + (block + lanes / 2) * 8);
  }
}

#endif

// Elements [begin, end) of x; begin is a multiple of 8.
void drop(DropoutStream stream, uint32_t threshold, const float* x, int64_t begin, int64_t end, float* y) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> d32;  // unsigned comparisons cost more
  const hn::Rebind<uint16_t, FloatTag> d16;
  const auto dropped = hn::Set(d32, static_cast<int32_t>(threshold) - 1);  // the largest word that drops
  const Floats scale = hn::Set(d, 1 / (1 - static_cast<float>(threshold) / 65536));
  HWY_ALIGN uint16_t words[kGroupElements + 64];  // a part vector reads its whole width of words
  for (int64_t group = begin; group < end; group += kGroupElements) {
    const int64_t n = HWY_MIN(kGroupElements, end - group);
    random_words(stream, static_cast<uint64_t>(group) / 8, (n + 7) / 8, words);
    for_each_vector(0, n, [&](int64_t i, auto part) FRUGAL_LAMBDA {
      const auto keep = hn::Gt(hn::PromoteTo(d32, hn::LoadU(d16, words + i)), dropped);
      const Floats kept = hn::IfThenElseZero(hn::RebindMask(d, keep), part.load(x + group + i));
      part.store(hn::Mul(kept, scale), y + group + i);
    });
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(drop);

Kernel Dropout::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(drop);
  return {[run, threshold = threshold(), site = site, n = element_count(in[0].shape)](const KernelArgs& args,
                                                                                      Worker& worker) {
    const int64_t* random = args.input<int64_t>(1);
    const DropoutStream stream = dropout_stream(random[0], random[1], site);
    const float* x = args.input<float>(0);
    float* y = args.output<float>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) { run(stream, threshold, x, begin, end, y); });
  }};
}

}  // namespace frugal
#endif
