#include "frugal/text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// Tokens left for the texts.
size_t room(const std::vector<TemplateItem>& items, const EncodeOptions& options) {
  if (options.max_length == 0) return kNoLimit;
  const auto added =
      options.special_tokens
          ? std::count_if(items.begin(), items.end(),
                          [](const TemplateItem& item) { return item.kind == TemplateItem::special; })
          : 0;
  if (options.max_length < 0 || options.max_length < added)
    throw Error("", fmt::format("a limit of {} tokens is too short", options.max_length),
                fmt::format("the special tokens alone are {}", added));
  return static_cast<size_t>(options.max_length - added);
}

void check_size(std::string_view text) {
  if (text.size() >= std::numeric_limits<uint32_t>::max())
    throw Error("", fmt::format("a text of {} bytes is too long to tokenize", text.size()), "split it");
}

// Tokens from ids[begin] on belong to a text; keep `most` of them.
void cut(Encoding& out, size_t begin, size_t most) {
  if (out.ids.size() - begin <= most) return;
  out.ids.resize(begin + most);
  if (out.offsets.size() > out.ids.size()) out.offsets.resize(out.ids.size());
  out.truncated = true;
}

// How much each of two texts keeps, of n1 and n2 tokens.
std::pair<size_t, size_t> share(size_t n1, size_t n2, size_t most, Truncation truncation) {
  if (n1 + n2 <= most) return {n1, n2};
  if (truncation == Truncation::first_only && n2 < most) return {most - n2, n2};
  if (truncation == Truncation::second_only && n1 < most) return {n1, most - n1};
  if (truncation != Truncation::longest_first)
    throw Error("", fmt::format("a text of {} tokens leaves no room for the one to be cut; the limit is {}",
                                truncation == Truncation::first_only ? n2 : n1, most));
  const bool swapped = n1 > n2;
  if (swapped) std::swap(n1, n2);
  n2 = n1 > most ? n1 : std::max(n1, most - n1);
  if (n1 + n2 > most) {
    n1 = most / 2;
    n2 = n1 + most % 2;
  }
  if (swapped) std::swap(n1, n2);
  return {n1, n2};
}

void mark(Encoding& out, int32_t type, uint8_t source) {
  out.type_ids.resize(out.ids.size(), type);
  out.sources.resize(out.ids.size(), source);
}

void append_special(Encoding& out, const TemplateItem& item, bool offsets) {
  out.ids.push_back(item.id);
  if (offsets) out.offsets.emplace_back(0, 0);
  mark(out, item.type, Encoding::kTemplate);
}

// One or two texts' tokens with the template around them.
Encoding in_template(const std::vector<TemplateItem>& items, const Encoding (&texts)[2],
                     const EncodeOptions& options) {
  Encoding out;
  out.truncated = texts[0].truncated || texts[1].truncated;
  for (const TemplateItem& item : items) {
    if (item.kind == TemplateItem::special) {
      if (options.special_tokens) append_special(out, item, options.offsets);
      continue;
    }
    const bool is_second = item.kind == TemplateItem::second;
    const Encoding& text = texts[is_second];
    out.ids.insert(out.ids.end(), text.ids.begin(), text.ids.end());
    out.offsets.insert(out.offsets.end(), text.offsets.begin(), text.offsets.end());
    mark(out, item.type, is_second ? Encoding::kSecond : Encoding::kFirst);
  }
  return out;
}

// Windows of texts[which], of at most `most` tokens.
std::vector<Encoding> windows_of(const std::vector<TemplateItem>& items, Encoding (&texts)[2], size_t which,
                                 size_t most, const EncodeOptions& options, size_t overlap) {
  const Encoding whole = std::move(texts[which]);
  if (whole.size() > most && most <= overlap)
    throw Error("",
                fmt::format("windows have room for {} tokens of the text and overlap by {}", most, overlap));
  std::vector<Encoding> windows;
  for (size_t begin = 0;; begin += most - overlap) {
    const size_t end = whole.size() - begin > most ? begin + most : whole.size();
    const auto part = [&](const auto& values) {
      using Values = std::decay_t<decltype(values)>;
      return values.empty() ? Values() : Values(values.begin() + begin, values.begin() + end);
    };
    texts[which] = {};
    texts[which].ids = part(whole.ids);
    texts[which].offsets = part(whole.offsets);
    windows.push_back(in_template(items, texts, options));
    if (end == whole.size()) return windows;
  }
}

}  // namespace

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  check_size(text);
  const size_t most = room(template_.single, options);
  Encoding out;
  for (const TemplateItem& item : template_.single) {
    if (item.kind == TemplateItem::special) {
      if (options.special_tokens) append_special(out, item, options.offsets);
      continue;
    }
    const size_t begin = out.ids.size();
    // One more than fits, so that cut() knows whether there was more.
    append_tokens(text, most == kNoLimit ? most : most + 1, options.offsets, out);
    cut(out, begin, most);
    mark(out, item.type, Encoding::kFirst);
  }
  return out;
}

// The whole text: how much of each of a pair is kept depends on the length of both.
Encoding Tokenizer::all_tokens(std::string_view text, const EncodeOptions& options) const {
  check_size(text);
  Encoding out;
  append_tokens(text, kNoLimit, options.offsets, out);
  return out;
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                const EncodeOptions& options) const {
  const size_t most = room(template_.pair, options);
  Encoding texts[2]{all_tokens(first, options), all_tokens(second, options)};
  const auto [n1, n2] = share(texts[0].size(), texts[1].size(), most, options.truncation);
  cut(texts[0], 0, n1);
  cut(texts[1], 0, n2);
  return in_template(template_.pair, texts, options);
}

std::vector<Encoding> Tokenizer::windows(std::string_view text, const EncodeOptions& options,
                                         size_t overlap) const {
  Encoding texts[2]{all_tokens(text, options), {}};
  return windows_of(template_.single, texts, 0, room(template_.single, options), options, overlap);
}

std::vector<Encoding> Tokenizer::pair_windows(std::string_view first, std::string_view second,
                                              const EncodeOptions& options, size_t overlap) const {
  const size_t most = room(template_.pair, options);
  Encoding texts[2]{all_tokens(first, options), all_tokens(second, options)};
  const size_t left = most == kNoLimit ? most : most - std::min(most, texts[0].size());
  return windows_of(template_.pair, texts, 1, left, options, overlap);
}

}  // namespace frugal
