// Speed of encoding: 300 lines in 128 languages (tests/cases/wordpiece), and the English ones among BERT's
// own words.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <random>

#include "frugal/io/json.h"
#include "frugal/text/code_point_table.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

std::string cases() {
  return (std::filesystem::path(__FILE__).parent_path() / "../../tests/cases/wordpiece/").string();
}

std::vector<std::string> multilingual() {
  std::vector<std::string> lines;
  for (const Json& text : load_json(cases() + "texts.json")) lines.push_back(text.get<std::string>());
  return lines;
}

// Whole words of the vocabulary, twenty a line: plain ASCII, one piece a word.
std::vector<std::string> plain(const Tokenizer& tokenizer) {
  std::mt19937 random(1);
  std::vector<std::string> lines(300);
  for (std::string& line : lines)
    for (int i = 0; i < 20; ++i)
      line += std::string(tokenizer.piece_of(static_cast<int32_t>(2000 + random() % 8000))) + ' ';
  return lines;
}

void encode(benchmark::State& state, const Tokenizer& tokenizer, const std::vector<std::string>& lines,
            bool offsets) {
  size_t bytes = 0;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      benchmark::DoNotOptimize(tokenizer.encode(line, {.offsets = offsets}).ids.data());
      bytes += line.size();
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void BM_WordPieceMultilingual(benchmark::State& state) {
  const auto tokenizer = load_tokenizer(cases() + (state.range(0) ? "uncased" : "cased"));
  encode(state, *tokenizer, multilingual(), state.range(1) != 0);
}
BENCHMARK(BM_WordPieceMultilingual)->ArgNames({"uncased", "offsets"})->ArgsProduct({{0, 1}, {0, 1}});

void BM_WordPieceAscii(benchmark::State& state) {
  const auto tokenizer = load_tokenizer(cases() + "uncased");
  encode(state, *tokenizer, plain(*tokenizer), false);
}
BENCHMARK(BM_WordPieceAscii);

void BM_LoadVocabTxt(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(load_tokenizer(cases() + "uncased"));
}
BENCHMARK(BM_LoadVocabTxt)->Unit(benchmark::kMillisecond);

void BM_CodePointTable(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(CodePointTable(BertRules{}));
}
BENCHMARK(BM_CodePointTable)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace frugal
