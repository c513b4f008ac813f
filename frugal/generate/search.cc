#include "frugal/generate/search.h"

#include <algorithm>

#include "frugal/base/random.h"
#include "frugal/generate/beam_search.h"
#include "frugal/generate/chain_search.h"

namespace frugal {

std::unique_ptr<Search> make_search(std::shared_ptr<const SearchSettings> settings,
                                    std::vector<int32_t> prompt, const Lengths& lengths, uint64_t index) {
  if (settings->options.num_beams > 1)
    return std::make_unique<BeamSearch>(std::move(settings), std::move(prompt), lengths, index);
  return std::make_unique<ChainSearch>(std::move(settings), std::move(prompt), lengths, index);
}

double random_unit(uint64_t seed, uint64_t prompt, int64_t position, uint64_t item) {
  const auto bits =
      philox(seed ^ hash_of("generate"), prompt, (static_cast<uint64_t>(position) << 40) | item);
  const uint64_t wide = (uint64_t{bits[1]} << 32 | bits[0]) >> 11;
  return (static_cast<double>(wide) + 0.5) * 0x1p-53;
}

std::optional<Finish> finish_of(const SearchSettings& settings, const Lengths& lengths,
                                std::span<const int32_t> fresh) {
  const auto& eos = settings.options.eos;
  if (std::find(eos.begin(), eos.end(), fresh.back()) != eos.end()) return Finish::end;
  if (settings.stop && settings.stop(fresh)) return Finish::stop;
  if (lengths.prompt + static_cast<int64_t>(fresh.size()) >= lengths.most) return Finish::length;
  return {};
}

}  // namespace frugal
