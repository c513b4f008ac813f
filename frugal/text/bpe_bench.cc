// Speed of byte-level BPE: 150 texts in 128 languages (tests/cases/bpe), the English ones among them
// repeated, and one word of 64 kB.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>

#include "frugal/io/json.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

std::string cases() {
  return (std::filesystem::path(__FILE__).parent_path() / "../../tests/cases/bpe/").string();
}

std::vector<std::string> lines(bool ascii) {
  std::vector<std::string> all;
  for (const Json& item : load_json(cases() + "texts.json")) {
    const auto text = item.get<std::string>();
    const bool plain =
        std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
    if (!ascii || plain) all.push_back(text);
  }
  return all;
}

void encode(benchmark::State& state, const std::vector<std::string>& texts, bool offsets) {
  const auto tokenizer = load_tokenizer(cases() + "gpt2");
  size_t bytes = 0;
  for (auto _ : state) {
    for (const std::string& text : texts) {
      benchmark::DoNotOptimize(tokenizer->encode(text, {.offsets = offsets}).ids.data());
      bytes += text.size();
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void BM_BpeMultilingual(benchmark::State& state) { encode(state, lines(false), state.range(0) != 0); }
BENCHMARK(BM_BpeMultilingual)->ArgName("offsets")->Arg(0)->Arg(1);

void BM_BpeAscii(benchmark::State& state) { encode(state, lines(true), false); }
BENCHMARK(BM_BpeAscii);

void BM_BpeOneLongWord(benchmark::State& state) {
  std::string word;
  for (int i = 0; word.size() < (size_t{64} << 10); ++i) word += static_cast<char>('a' + i * i % 26);
  encode(state, {word}, false);
}
BENCHMARK(BM_BpeOneLongWord);

void BM_LoadVocabAndMerges(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(load_tokenizer(cases() + "gpt2"));
}
BENCHMARK(BM_LoadVocabAndMerges)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace frugal
