// BpeTokenizer::append_tokens: added tokens, words, ids and where they come from.
#include <algorithm>
#include <limits>

#include "frugal/text/bpe_tokenizer.h"
#include "frugal/text/byte_alphabet.h"
#include "frugal/text/compose.h"
#include "frugal/text/unicode.h"

namespace frugal {
namespace {

constexpr char32_t kBlank = byte_to_char(' ');  // the library takes it for one wherever it stands

using Span = std::pair<uint32_t, uint32_t>;

bool continues_char(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

// A text that differs from the original: a blank may be put before it, broken bytes are U+FFFD, and it may be
// composed.
struct Repaired {
  std::string text;
  std::vector<Span> sources;  // of each byte; empty unless asked for
};

Repaired repair(std::string_view text, uint32_t base, bool prefix, bool sources) {
  Repaired out;
  out.text.reserve(text.size() + 1);
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    const auto from = static_cast<uint32_t>(base + (at - text.data()));
    if (at == text.data() && prefix) out.text += ' ';  // its source is the first character
    append_utf8(out.text, c.code);
    if (sources) out.sources.resize(out.text.size(), {from, from + c.size});
    at += c.size;
  }
  return out;
}

// Where each character starts.
std::vector<size_t> starts_of(std::string_view text) {
  std::vector<size_t> starts;
  for (size_t at = 0; at < text.size(); ++at)
    if (!continues_char(text[at])) starts.push_back(at);
  return starts;
}

// The first character of a part stands for its first, as the library has it, and the last ones for the last.
Repaired composed(const Repaired& from) {
  Repaired out;
  for (const auto& [begin, end] : composed_parts(from.text)) {
    const std::string_view part = std::string_view(from.text).substr(begin, end - begin);
    const std::string whole = compose(part);
    const size_t before = out.text.size();
    out.text += whole;
    if (from.sources.empty()) continue;
    const std::vector<size_t> olds = starts_of(part), news = starts_of(whole);
    for (size_t i = 0; i < news.size(); ++i) {
      const size_t old = i == 0 || olds.size() + i < news.size() ? 0 : olds.size() + i - news.size();
      const size_t after = i + 1 < news.size() ? news[i + 1] : whole.size();
      out.sources.resize(before + after, from.sources[begin + olds[old]]);
    }
  }
  return out;
}

}  // namespace

// One call of append_tokens: the text, where the ids go, and when to stop.
class BpeTokenizer::Call {
 public:
  Call(const BpeTokenizer& tokenizer, std::string_view text, size_t most, bool offsets, Encoding& out)
      : t_(tokenizer), text_(text), offsets_(offsets), first_(out.ids.size()), out_(out) {
    until_ = most > std::numeric_limits<size_t>::max() - first_ ? most : first_ + most;
  }

  // The functions return false once there are `most` ids.
  bool find_added() {
    return t_.raw_.split(
        text_, [&](size_t begin, size_t end) { return find_normalized(begin, end); },
        [&](const AddedToken& token, size_t begin, size_t end) { return put_added(token, begin, end); });
  }

 private:
  bool find_normalized(size_t begin, size_t end) {
    return t_.normalized_.split(
        text_.substr(begin, end - begin),
        [&](size_t from, size_t to) { return encode(begin + from, begin + to); },
        [&](const AddedToken& token, size_t from, size_t to) {
          return put_added(token, begin + from, begin + to);
        });
  }

  bool encode(size_t begin, size_t end) {
    const std::string_view stretch = text_.substr(begin, end - begin);
    const auto base = static_cast<uint32_t>(begin);
    const bool prefix = t_.spec_.prefix_space && stretch[0] != ' ';
    const size_t before = out_.ids.size();
    const bool composed_already = !t_.spec_.composes || is_composed(stretch);
    if (!prefix && composed_already) {
      const auto split = split_words(stretch, [&](std::string_view word) {
        return put_word(word, stretch, [&](Span span) {
          const auto at = static_cast<uint32_t>(word.data() - text_.data());
          return whole_chars({at + span.first, at + span.second}, at + static_cast<uint32_t>(word.size()));
        });
      });
      if (split != ByteLevelSplit::broken) return split == ByteLevelSplit::done;
      out_.ids.resize(before);
      if (offsets_) out_.offsets.resize(before);
    }
    Repaired repaired = repair(stretch, base, prefix, offsets_);
    if (t_.spec_.composes) repaired = composed(repaired);
    return split_words(repaired.text, [&](std::string_view word) {
             return put_word(word, repaired.text, [&](Span span) {
               const auto* sources =
                   &repaired.sources[static_cast<size_t>(word.data() - repaired.text.data())];
               return Span{sources[span.first].first, sources[span.second - 1].second};
             });
           }) == ByteLevelSplit::done;
  }

  template <class OnWord>
  ByteLevelSplit split_words(std::string_view text, OnWord&& on_word) const {
    if (!t_.spec_.splits) {
      if (!is_utf8(text)) return ByteLevelSplit::broken;
      return on_word(text) ? ByteLevelSplit::done : ByteLevelSplit::stopped;
    }
    const int digits = t_.spec_.most_digits;
    return digits > 0 ? split_gpt4(text, t_.classes_, digits, on_word)
                      : split_gpt2(text, t_.classes_, on_word);
  }

  // `source`: of a span of the word, in the original.
  template <class Source>
  bool put_word(std::string_view word, std::string_view text, Source&& source) {
    const char* const end = text.data() + text.size();
    if (!offsets_) {
      t_.model_.append(word, end, out_.ids, nullptr);
      return out_.ids.size() < until_;
    }
    spans_.clear();
    const size_t before = out_.ids.size();
    t_.model_.append(word, end, out_.ids, &spans_);
    for (size_t i = 0; i < spans_.size(); ++i) {
      std::string_view bytes = word.substr(spans_[i].first, spans_[i].second - spans_[i].first);
      if (out_.ids[before + i] == t_.spec_.unknown) bytes = {};  // its name has no blanks
      const size_t leading = std::min(bytes.find_first_not_of(' '), bytes.size());
      const size_t trailing = bytes.size() - (bytes.find_last_not_of(' ') + 1);
      put_offsets(source(spans_[i]), leading, trailing);
    }
    return out_.ids.size() < until_;
  }

  bool put_added(const AddedToken& token, size_t begin, size_t end) {
    out_.ids.push_back(token.id);
    if (offsets_) {
      size_t leading = 0, trailing = 0;
      bool only_blanks = true;
      for (size_t at = begin; at < end;) {
        const Utf8Char c = read_utf8(text_.data() + at, text_.data() + end);
        const bool blank = contains(space_ranges(), c.code) || c.code == kBlank;
        only_blanks &= blank;
        leading += only_blanks;
        trailing = blank ? trailing + 1 : 0;
        at += c.size;
      }
      put_offsets({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, leading, trailing);
    }
    return out_.ids.size() < until_;
  }

  // `leading` and `trailing`: how many of the token's characters are blanks.
  void put_offsets(Span span, size_t leading, size_t trailing) {
    if (t_.spec_.trim_offsets) {
      const bool first = out_.offsets.size() == first_ || span.first == 0;
      if (leading == 1 && first && t_.spec_.trim_keeps_first) leading = 0;
      for (; leading > 0 && span.first < span.second; --leading) {
        ++span.first;
        while (span.first < span.second && continues_char(text_[span.first])) ++span.first;
      }
      for (; trailing > 0 && span.second > span.first; --trailing) {
        --span.second;
        while (span.second > span.first && continues_char(text_[span.second])) --span.second;
      }
    }
    out_.offsets.push_back(span);
  }

  // A token that is a part of a character stands for all of it.
  Span whole_chars(Span span, uint32_t word_end) const {
    while (continues_char(text_[span.first])) --span.first;
    while (span.second < word_end && continues_char(text_[span.second])) ++span.second;
    return span;
  }

  const BpeTokenizer& t_;
  std::string_view text_;
  bool offsets_;
  size_t first_, until_;
  Encoding& out_;
  Bpe::Spans spans_;  // of the present word
};

void BpeTokenizer::append_tokens(std::string_view text, size_t most, bool offsets, Encoding& out) const {
  if (most > 0) Call(*this, text, most, offsets, out).find_added();
}

}  // namespace frugal
