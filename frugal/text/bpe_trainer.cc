#include "frugal/text/bpe_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <unordered_map>

#include "frugal/base/error.h"
#include "frugal/text/pair_map.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

template <class F>
void for_each_char(std::string_view word, F&& f) {
  const char* const end = word.data() + word.size();
  for (const char* at = word.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    f(c.code, at == word.data());
    at += c.size;
  }
}

class Trainer {
 public:
  Trainer(const WordCounts& words, const BpeTraining& training) : training_(training) {
    for (const std::string& piece : training.first) id_of(piece);
    const auto sorted = words.sorted();
    choose_alphabet(sorted);
    split(sorted);
    if (out_.pieces.size() > training.vocab_size)
      throw Error("", fmt::format("a vocabulary of {} pieces is too small", training.vocab_size),
                  fmt::format("the special tokens and the characters alone are {}", out_.pieces.size()));
    count_pairs();
  }

  TrainedBpe run() {
    while (out_.pieces.size() < training_.vocab_size && !heap_.empty()) {
      Candidate top = heap_.top();
      heap_.pop();
      // Counts fall while a pair waits.
      if (const int64_t count = pairs_[top.pair].count; count != top.count) {
        top.count = count;
        heap_.push(top);
        continue;
      }
      if (top.count < 1 || static_cast<uint64_t>(top.count) < training_.min_frequency) break;
      merge(top);
      if (training_.on_merge) training_.on_merge(out_.pieces.size());
    }
    return std::move(out_);
  }

 private:
  using Sorted = std::vector<std::pair<std::string_view, uint64_t>>;
  using Places = std::vector<uint32_t>;  // words

  struct Word {
    size_t begin;   // in symbols_
    uint32_t size;  // symbols
    int64_t count;
  };
  struct Pair {
    int64_t count = 0;
    uint32_t list = kNoList;  // in fresh_
  };
  struct Candidate {
    int64_t count;
    uint64_t pair;
    uint32_t places;  // in places_
    // The greatest comes first.
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };
  static constexpr uint32_t kNoList = 0xffffffff;

  int32_t id_of(const std::string& piece) {
    const auto [found, is_new] = ids_.emplace(piece, static_cast<int32_t>(out_.pieces.size()));
    if (is_new) out_.pieces.push_back(piece);
    return found->second;
  }

  void choose_alphabet(const Sorted& words) {
    std::map<char32_t, uint64_t> counts;
    for (const auto& [word, count] : words)
      for_each_char(word, [&, times = count](char32_t c, bool) { counts[c] += times; });
    for (const char32_t c : training_.alphabet) counts[c] = std::numeric_limits<uint64_t>::max();
    std::vector<std::pair<uint64_t, char32_t>> kept;
    for (const auto& [c, count] : counts) kept.emplace_back(count, c);
    if (kept.size() > training_.most_characters) {
      std::stable_sort(kept.begin(), kept.end(),
                       [](const auto& a, const auto& b) { return a.first > b.first; });
      kept.resize(training_.most_characters);
      std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    }
    for (const auto& [count, c] : kept) {
      std::string piece;
      append_utf8(piece, c);
      characters_[c] = {id_of(piece), -1};
    }
    if (training_.inside_prefix.empty()) return;
    std::set<char32_t> inside;
    for (const auto& [word, count] : words)
      for_each_char(word, [&](char32_t c, bool first) {
        if (!first && characters_.contains(c)) inside.insert(c);
      });
    for (const char32_t c : inside) {
      std::string piece = training_.inside_prefix;
      append_utf8(piece, c);
      characters_[c].second = id_of(piece);
    }
  }

  void split(const Sorted& words) {
    for (const auto& [word, count] : words) {
      const size_t begin = symbols_.size();
      for_each_char(word, [&](char32_t c, bool first) {
        const auto found = characters_.find(c);
        if (found == characters_.end()) return;
        const auto& [at_start, inside] = found->second;
        symbols_.push_back(first || inside < 0 ? at_start : inside);
      });
      words_.push_back({begin, static_cast<uint32_t>(symbols_.size() - begin), static_cast<int64_t>(count)});
    }
  }

  void count_pairs() {
    for (uint32_t i = 0; i < words_.size(); ++i) {
      const int32_t* symbols = &symbols_[words_[i].begin];
      for (uint32_t k = 0; k + 1 < words_[i].size; ++k) change(symbols[k], symbols[k + 1], i, 1);
    }
    push_fresh();
  }

  // The pair occurs once more or less in a word.
  void change(int32_t left, int32_t right, uint32_t word, int sign) {
    const uint64_t key = PairMap<Pair>::key(left, right);
    Pair& pair = pairs_[key];
    pair.count += sign * words_[word].count;
    if (sign < 0) return;
    if (pair.list == kNoList) {
      pair.list = static_cast<uint32_t>(fresh_.size());
      fresh_.push_back({key, {}});
    }
    Places& places = fresh_[pair.list].second;
    if (places.empty() || places.back() != word) places.push_back(word);
  }

  // Pairs that arose become candidates, with the words where they did.
  void push_fresh() {
    for (auto& [key, places] : fresh_) {
      Pair& pair = pairs_[key];
      pair.list = kNoList;
      if (pair.count <= 0) continue;
      if (free_.empty()) {
        free_.push_back(static_cast<uint32_t>(places_.size()));
        places_.emplace_back();
      }
      places_[free_.back()] = std::move(places);
      heap_.push({pair.count, key, free_.back()});
      free_.pop_back();
    }
    fresh_.clear();
  }

  void merge(const Candidate& top) {
    const auto left = static_cast<int32_t>(top.pair >> 32), right = static_cast<int32_t>(top.pair);
    const std::string& prefix = training_.inside_prefix;
    std::string_view tail = out_.pieces[static_cast<size_t>(right)];
    if (!prefix.empty() && tail.starts_with(prefix)) tail.remove_prefix(prefix.size());
    const int32_t result = id_of(out_.pieces[static_cast<size_t>(left)] + std::string(tail));
    out_.merges.push_back({left, right, result});
    for (const uint32_t word : places_[top.places]) merge_in(word, left, right, result);
    places_[top.places] = {};
    free_.push_back(top.places);
    push_fresh();
  }

  void merge_in(uint32_t index, int32_t left, int32_t right, int32_t result) {
    Word& word = words_[index];
    int32_t* const symbols = &symbols_[word.begin];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < word.size; ++i) {
      if (i + 1 == word.size || symbols[i] != left || symbols[i + 1] != right) {
        symbols[kept++] = symbols[i];
        continue;
      }
      if (kept > 0) {
        change(symbols[kept - 1], left, index, -1);
        change(symbols[kept - 1], result, index, 1);
      }
      if (i + 2 < word.size) {
        change(right, symbols[i + 2], index, -1);
        change(result, symbols[i + 2], index, 1);
      }
      symbols[kept++] = result;
      ++i;
    }
    word.size = kept;
  }

  const BpeTraining& training_;
  TrainedBpe out_;
  std::unordered_map<std::string, int32_t> ids_;
  std::map<char32_t, std::pair<int32_t, int32_t>>
      characters_;                // ids at a word's start and inside (-1: the same)
  std::vector<int32_t> symbols_;  // of all words, one after the other
  std::vector<Word> words_;
  PairMap<Pair> pairs_;
  std::vector<std::pair<uint64_t, Places>> fresh_;  // pairs of the present merge
  std::vector<Places> places_;                      // of the candidates
  std::vector<uint32_t> free_;                      // unused ones among them
  std::priority_queue<Candidate> heap_;
};

}  // namespace

TrainedBpe train_bpe(const WordCounts& words, const BpeTraining& training) {
  return Trainer(words, training).run();
}

}  // namespace frugal
