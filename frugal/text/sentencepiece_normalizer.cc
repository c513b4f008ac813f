#include "frugal/text/sentencepiece_normalizer.h"

#include "frugal/text/utf8.h"

namespace frugal {
namespace {

bool is_ascii(char c) { return static_cast<uint8_t>(c) < 0x80; }

std::vector<std::pair<std::string_view, int32_t>> numbered(const std::vector<std::string_view>& pieces) {
  std::vector<std::pair<std::string_view, int32_t>> out;
  for (size_t i = 0; i < pieces.size(); ++i) out.emplace_back(pieces[i], static_cast<int32_t>(i));
  return out;
}

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(const SentencePieceRules& rules,
                                                 const std::vector<std::string_view>& kept,
                                                 const std::string& where)
    : map_(rules.chars_map, where),
      kept_(numbered(kept)),
      keeps_(!kept.empty()),
      dummy_prefix_(rules.dummy_prefix),
      remove_extra_(rules.remove_extra_blanks),
      suffix_(rules.blank_suffix),
      blank_(rules.escape_blanks ? kBlankMark : " ") {
  for (size_t i = 0; i < ascii_.size(); ++i) {
    const char c = static_cast<char>(i);
    bool alone = true;
    for (int next = 0; next < 128; ++next) {
      const char two[] = {c, static_cast<char>(next)};
      alone &= !map_.goes_on(two[0], two[1]) && kept_.walk(PieceTrie::kRoot, {two, 2}) == PieceTrie::kRoot;
    }
    const std::string_view by = replace({&c, 1}).by;
    if (alone && by == std::string_view(&c, 1)) ascii_[i] = Ascii::stays;
    if (alone && by == " ") ascii_[i] = Ascii::blank;
  }
}

SentencePieceNormalizer::Replaced SentencePieceNormalizer::replace(std::string_view text) const {
  if (keeps_)
    if (const size_t size = kept_.longest(PieceTrie::kRoot, text).size; size > 0)
      return {text.substr(0, size), size};
  if (const CharsMap::Match rule = map_.longest(text); rule.size > 0) return {rule.replacement, rule.size};
  const Utf8Char c = read_utf8(text.data(), text.data() + text.size());
  // The library reads broken bytes one by one.
  if (!c.valid) return {"\ufffd", 1};
  return {text.substr(0, c.size), c.size};
}

// The end of the characters from `at` on that are of this kind, each followed by ASCII or nothing.
size_t SentencePieceNormalizer::ascii_run(std::string_view text, size_t at, Ascii kind) const {
  while (at < text.size() && is_ascii(text[at]) && ascii_[static_cast<size_t>(text[at])] == kind &&
         (at + 1 == text.size() || is_ascii(text[at + 1])))
    ++at;
  return at;
}

template <bool kOrigins>
void SentencePieceNormalizer::run(std::string_view text, At at, std::string& out,
                                  std::vector<uint32_t>& origins) const {
  size_t read = 0;
  const auto put = [&](std::string_view bytes) {
    out += bytes;
    if constexpr (kOrigins) origins.insert(origins.end(), bytes.size(), static_cast<uint32_t>(read));
  };
  const auto finish = [&](size_t end) {
    if constexpr (kOrigins) origins.push_back(static_cast<uint32_t>(end));
  };
  const bool drops_first = remove_extra_ && at == At::start;
  if (drops_first)
    while (read < text.size()) {
      const Replaced c = replace(text.substr(read));
      if (c.by != " ") break;
      read += c.size;
    }
  if (read == text.size()) return finish(read);
  if (dummy_prefix_ && !suffix_ && at == At::start) put(blank_);

  bool after_blank = drops_first;
  while (read < text.size()) {
    // Plain ASCII, most of most texts, without a look at the rules.
    const size_t run = ascii_run(text, read, Ascii::stays);
    if (run > read) {
      out.append(text, read, run - read);
      if constexpr (kOrigins)
        for (size_t i = read; i < run; ++i) origins.push_back(static_cast<uint32_t>(i));
      read = run;
      after_blank = false;
      continue;
    }
    if (ascii_run(text, read, Ascii::blank) > read) {
      if (!after_blank) put(blank_);
      after_blank = remove_extra_;
      ++read;
      continue;
    }
    Replaced c = replace(text.substr(read));
    if (after_blank) c.by.remove_prefix(std::min(c.by.find_first_not_of(' '), c.by.size()));
    if (!c.by.empty()) {
      for (size_t i = 0; i < c.by.size(); ++i) put(c.by[i] == ' ' ? blank_ : c.by.substr(i, 1));
      after_blank = remove_extra_ && c.by.back() == ' ';
    }
    read += c.size;
  }
  if (remove_extra_)
    while (out.ends_with(blank_)) {
      out.resize(out.size() - blank_.size());
      if constexpr (kOrigins) read = origins[out.size()], origins.resize(out.size());
    }
  if (dummy_prefix_ && suffix_) put(blank_);
  finish(read);
}

void SentencePieceNormalizer::normalize(std::string_view text, At at, std::string& out,
                                        std::vector<uint32_t>* origins) const {
  out.clear();
  out.reserve(text.size() + text.size() / 2 + blank_.size());
  std::vector<uint32_t> none;
  if (origins) {
    origins->clear();
    run<true>(text, at, out, *origins);
  } else {
    run<false>(text, at, out, none);
  }
}

}  // namespace frugal
