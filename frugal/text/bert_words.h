// BERT's normalised words of a text, one by one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/bert_normalizer.h"
#include "frugal/text/code_point_table.h"
#include "frugal/text/word_splitter.h"

namespace frugal {

class BertWords {
 public:
  explicit BertWords(const BertRules& rules) : rules_(rules), table_(rules) {}

  // Calls f(std::string_view) for each word, whatever its length.
  template <class F>
  void for_each(std::string_view text, F&& f) {
    text_.clear();
    ends_.clear();
    const auto on_word = [&](const Word& word) {
      text_ += word.bytes;
      ends_.push_back(text_.size());
      return true;
    };
    // A character becomes at most four.
    WordBuffer buffer(static_cast<uint32_t>(4 * text.size()), false);
    if (split_words<false>(text, 0, table_, buffer, on_word) == SplitEnd::rare) {
      text_.clear();
      ends_.clear();
      WordBuffer rare(static_cast<uint32_t>(4 * text.size()), true);
      split_words(normalize(text, rules_), rare, on_word);
    }
    size_t begin = 0;
    for (const size_t end : ends_) {
      f(std::string_view(text_).substr(begin, end - begin));
      begin = end;
    }
  }

 private:
  BertRules rules_;
  CodePointTable table_;
  std::string text_;  // the words of the present text
  std::vector<size_t> ends_;
};

}  // namespace frugal
