#include "frugal/text/wordpiece_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

// Pieces by id: the model's, then the added tokens that continue them. Empty: there are none of these.
std::vector<std::string> with_added_pieces(const Vocab& vocab, const WordPieceSpec& spec) {
  std::vector<const AddedToken*> more;
  for (const AddedToken& token : spec.added) {
    const auto in_vocab = vocab.id_of(token.content);
    if (in_vocab && *in_vocab != token.id)
      throw Error(spec.where, fmt::format("the added token {} has id {}, but the vocabulary gives it {}",
                                          in_quotes(token.content), token.id, *in_vocab));
    if (!in_vocab) more.push_back(&token);
  }
  if (more.empty()) return {};
  std::vector<std::string> pieces = vocab.pieces();
  std::sort(more.begin(), more.end(), [](const AddedToken* a, const AddedToken* b) { return a->id < b->id; });
  for (const AddedToken* token : more) {
    if (token->id != static_cast<int64_t>(pieces.size()))
      throw Error(spec.where,
                  fmt::format("the added token {} has id {}, expected {}", in_quotes(token->content),
                              token->id, pieces.size()),
                  "ids must follow each other without gaps");
    pieces.push_back(token->content);
  }
  return pieces;
}

AddedTokens finder(const WordPieceSpec& spec, bool normalized) {
  std::vector<AddedToken> tokens;
  std::vector<std::string> patterns;
  for (const AddedToken& token : spec.added) {
    if (token.normalized != normalized) continue;
    patterns.push_back(normalized ? to_utf8(normalize(token.content, spec.rules)).text : token.content);
    tokens.push_back(token);
  }
  return {std::move(tokens), patterns};
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(WordPieceSpec spec)
    : spec_(std::move(spec)),
      model_(Vocab(std::move(spec_.pieces), spec_.where), spec_.names.unk, spec_.prefix, spec_.most_chars,
             spec_.where),
      table_(spec_.rules),
      raw_(finder(spec_, false)),
      normalized_(finder(spec_, true)),
      more_pieces_(with_added_pieces(model_.vocab(), spec_)),
      special_id_(pieces().size()) {
  spec_.pieces.clear();
  for (const AddedToken& token : spec_.added)
    if (token.special) special_id_[static_cast<size_t>(token.id)] = true;
  for (const auto* items : {&spec_.around.single, &spec_.around.pair})
    for (const TemplateItem& item : *items)
      if (item.kind == TemplateItem::special && (item.id < 0 || item.id >= vocab_size()))
        throw Error(spec_.where,
                    fmt::format("the template adds token {}, the vocabulary has {}", item.id, vocab_size()));
  const auto id = [&](const std::string& name) { return name.empty() ? -1 : id_of(name).value_or(-1); };
  const SpecialNames& names = spec_.names;
  special_ = {id(names.cls),       id(names.sep), id(names.mask), id(names.pad),
              model_.unknown_id(), id(names.bos), id(names.eos)};
  template_ = spec_.around;
  max_length_ = spec_.max_length;
}

void WordPieceTokenizer::append_tokens(std::string_view text, size_t most, bool offsets,
                                       Encoding& out) const {
  const size_t before = out.ids.size();
  const size_t until = most > std::numeric_limits<size_t>::max() - before ? most : before + most;
  raw_.split(
      text,
      [&](size_t begin, size_t end) {
        return append_stretch(text.substr(begin, end - begin), static_cast<uint32_t>(begin), until, offsets,
                              out);
      },
      [&](const AddedToken& token, size_t begin, size_t end) {
        out.ids.push_back(token.id);
        if (offsets) out.offsets.emplace_back(begin, end);
        return out.ids.size() < until;
      });
}

// Returns false once there are `until` ids. `base`: where the stretch starts in the text.
bool WordPieceTokenizer::append_stretch(std::string_view stretch, uint32_t base, size_t until, bool offsets,
                                        Encoding& out) const {
  if (!normalized_.empty()) return append_rare(stretch, base, until, offsets, out);
  const size_t before = out.ids.size();
  // A character becomes at most four, so a short text needs no room for a long word.
  const size_t longest = std::min<size_t>(model_.most_chars(), 4 * stretch.size());
  WordBuffer buffer(static_cast<uint32_t>(longest), offsets);
  SplitEnd split;
  if (offsets) {
    split = split_words<true>(stretch, base, table_, buffer, [&](const Word& word) {
      model_.append(word, out.ids, &out.offsets);
      return out.ids.size() < until;
    });
  } else {
    split = split_words<false>(stretch, base, table_, buffer, [&](const Word& word) {
      model_.append(word, out.ids, nullptr);
      return out.ids.size() < until;
    });
  }
  if (split != SplitEnd::rare) return split == SplitEnd::done;
  out.ids.resize(before);
  if (offsets) out.offsets.resize(before);
  return append_rare(stretch, base, until, offsets, out);
}

// The slow way: normalise the whole stretch, look for added tokens in it, split what is left.
bool WordPieceTokenizer::append_rare(std::string_view stretch, uint32_t base, size_t until, bool offsets,
                                     Encoding& out) const {
  std::vector<SourcedChar> chars = normalize(stretch, spec_.rules);
  for (SourcedChar& c : chars) c.source = {c.source.first + base, c.source.second + base};
  WordBuffer buffer(static_cast<uint32_t>(std::min<size_t>(model_.most_chars(), chars.size())), true);
  const auto on_word = [&](const Word& word) {
    model_.append(word, out.ids, offsets ? &out.offsets : nullptr);
    return out.ids.size() < until;
  };
  if (normalized_.empty()) return split_words(chars, buffer, on_word) == SplitEnd::done;

  const SourcedText text = to_utf8(chars);
  std::vector<size_t> char_at(text.text.size() + 1);  // which character a byte belongs to
  size_t byte = 0;
  for (size_t i = 0; i < chars.size(); ++i) {
    char bytes[4];
    for (int k = write_utf8(chars[i].code, bytes); k > 0; --k) char_at[byte++] = i;
  }
  char_at[byte] = chars.size();
  return normalized_.split(
      text.text,
      [&](size_t begin, size_t end) {
        const std::vector<SourcedChar> part(chars.begin() + static_cast<ptrdiff_t>(char_at[begin]),
                                            chars.begin() + static_cast<ptrdiff_t>(char_at[end]));
        return split_words(part, buffer, on_word) == SplitEnd::done;
      },
      [&](const AddedToken& token, size_t begin, size_t end) {
        out.ids.push_back(token.id);
        if (offsets) out.offsets.emplace_back(text.sources[begin].first, text.sources[end - 1].second);
        return out.ids.size() < until;
      });
}

std::optional<int32_t> WordPieceTokenizer::id_of(std::string_view piece) const {
  if (const auto id = model_.vocab().id_of(piece)) return id;
  for (const AddedToken& token : spec_.added)
    if (token.content == piece) return token.id;
  return std::nullopt;
}

std::string_view WordPieceTokenizer::piece_of(int32_t id) const {
  if (id < 0 || id >= vocab_size())
    throw Error("", fmt::format("token id {} is out of range; the vocabulary has {}", id, vocab_size()));
  return pieces()[static_cast<size_t>(id)];
}

}  // namespace frugal
