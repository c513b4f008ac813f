#include "frugal/text/sentencepiece_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frugal/base/error.h"

namespace frugal {
namespace {

using At = SentencePieceNormalizer::At;

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// Pieces by id: the model's, then the added tokens that continue them.
std::vector<std::string> all_pieces(SentencePieceSpec& spec) {
  std::vector<std::string> pieces;
  for (const SentencePiece& piece : spec.model.pieces) pieces.push_back(piece.text);
  const size_t own = pieces.size();
  std::sort(spec.added.begin(), spec.added.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (const AddedToken& token : spec.added) {
    const auto id = static_cast<size_t>(token.id);
    if (token.id >= 0 && id < own && pieces[id] == token.content) continue;
    if (token.id < 0 || id < own)
      throw Error(spec.where, fmt::format("the added token {} has id {}, which is another piece's",
                                          in_quotes(token.content), token.id));
    if (id != pieces.size())
      throw Error(spec.where,
                  fmt::format("the added token {} has id {}, expected {}", in_quotes(token.content), token.id,
                              pieces.size()),
                  "ids must follow each other without gaps");
    pieces.push_back(token.content);
  }
  return pieces;
}

AddedTokens finder(const std::vector<AddedToken>& tokens) {
  std::vector<std::string> patterns;
  for (const AddedToken& token : tokens) patterns.push_back(token.content);
  return {tokens, patterns};
}

std::vector<std::string_view> user_defined(const SentencePieceModel& model) {
  std::vector<std::string_view> pieces;
  for (const SentencePiece& piece : model.pieces)
    if (piece.type == SentencePiece::user_defined) pieces.push_back(piece.text);
  return pieces;
}

}  // namespace

// The texts on their way, kept from one stretch to the next.
struct SentencePieceTokenizer::Work {
  std::string cleaned, normalized;
  std::vector<uint32_t> cleaned_origins, origins;
  std::vector<PieceSpan> spans;
};

SentencePieceTokenizer::SentencePieceTokenizer(SentencePieceSpec spec)
    : spec_(std::move(spec)),
      vocab_(all_pieces(spec_), spec_.where),
      added_(finder(spec_.added)),
      normalizer_(spec_.model.rules, user_defined(spec_.model), spec_.where),
      model_(PieceModel::make(spec_.model)),
      special_id_(static_cast<size_t>(vocab_.size())) {
  if (spec_.model.decode_rules)
    denormalizer_ = std::make_unique<const SentencePieceNormalizer>(
        *spec_.model.decode_rules, std::vector<std::string_view>{}, spec_.where);
  spec_.model.rules.chars_map.clear();
  for (size_t id = 0; id < spec_.model.pieces.size(); ++id)
    special_id_[id] = spec_.model.pieces[id].type == SentencePiece::control;
  for (const AddedToken& token : spec_.added)
    if (token.special) special_id_[static_cast<size_t>(token.id)] = true;
  for (const auto* items : {&spec_.around.single, &spec_.around.pair})
    for (const TemplateItem& item : *items)
      if (item.kind == TemplateItem::special && (item.id < 0 || item.id >= vocab_size()))
        throw Error(spec_.where,
                    fmt::format("the template adds token {}, the vocabulary has {}", item.id, vocab_size()));
  template_ = spec_.around;
  special_ = spec_.special;
  special_.unk = spec_.model.unknown_id;
  max_length_ = spec_.max_length;

  if (spec_.model.byte_fallback) byte_ids_.resize(256);
  commas_.resize(1);
  for (size_t id = 0; id < spec_.model.pieces.size(); ++id) {
    const SentencePiece& piece = spec_.model.pieces[id];
    if (piece.type == SentencePiece::byte)
      byte_ids_[static_cast<size_t>(byte_of_piece(piece.text))] = static_cast<int32_t>(id);
    if (!spec_.splits_comma_off_digits || !ends_in_digit_and_comma(piece.text)) continue;
    comma_of_.resize(spec_.model.pieces.size());
    comma_of_[id] = static_cast<uint32_t>(commas_.size());
    commas_.push_back(without_comma(piece.text));
  }
}

int32_t SentencePieceTokenizer::id_or_unknown(std::string_view piece) const {
  const auto id = vocab_.id_of(piece);
  const bool known = id && static_cast<size_t>(*id) < spec_.model.pieces.size();
  return known ? *id : spec_.model.unknown_id;
}

// encode_pieces of the published code: the digits are a text of their own; the blank that gets before it is
// taken off again where the piece had none.
std::vector<SentencePieceTokenizer::Part> SentencePieceTokenizer::without_comma(
    std::string_view piece) const {
  std::string digits(piece.substr(0, piece.size() - 1)), normalized;
  for (size_t at = 0; (at = digits.find(kBlankMark, at)) != std::string::npos;)
    digits.erase(at, kBlankMark.size());
  normalizer_.normalize(digits, At::start, normalized, nullptr);
  std::vector<PieceSpan> spans;
  model_->append(normalized, kNoLimit, spans);

  std::vector<Part> parts;
  const auto put = [&](std::string_view text) {
    parts.push_back({id_or_unknown(text), static_cast<uint32_t>(text.size())});
  };
  for (size_t i = 0; i < spans.size();) {
    const size_t first = i++;
    if (spans[first].id == spec_.model.unknown_id)
      while (i < spans.size() && spans[i].id == spec_.model.unknown_id) ++i;
    std::string_view text(normalized);
    text = text.substr(spans[first].begin, spans[i - 1].end - spans[first].begin);
    if (first == 0 && !piece.starts_with(kBlankMark) && text.starts_with(kBlankMark))
      text.remove_prefix(kBlankMark.size());
    if (!text.empty()) put(text);
  }
  put(",");
  return parts;
}

void SentencePieceTokenizer::append_tokens(std::string_view text, size_t most, bool offsets,
                                           Encoding& out) const {
  const size_t before = out.ids.size();
  const size_t until = most > kNoLimit - before ? most : before + most;
  Work work;
  added_.split(
      text,
      [&](size_t begin, size_t end) {
        append_stretch(text.substr(begin, end - begin), static_cast<uint32_t>(begin), until, offsets, work,
                       out);
        return out.ids.size() < until;
      },
      [&](const AddedToken& token, size_t begin, size_t end) {
        out.ids.push_back(token.id);
        if (offsets) out.offsets.emplace_back(begin, end);
        return out.ids.size() < until;
      });
}

void SentencePieceTokenizer::append_stretch(std::string_view text, uint32_t base, size_t until, bool offsets,
                                            Work& work, Encoding& out) const {
  const bool cleans = spec_.cleanup.any();
  if (cleans) {
    clean_up(text, spec_.cleanup, work.cleaned, offsets ? &work.cleaned_origins : nullptr);
    text = work.cleaned;
  }
  const At at = base == 0 || spec_.every_stretch_starts ? At::start : At::middle;
  normalizer_.normalize(text, at, work.normalized, offsets ? &work.origins : nullptr);
  if (work.normalized.size() > std::numeric_limits<uint32_t>::max())
    throw Error("", fmt::format("a text of {} bytes is too long when it is normalised", text.size()),
                "split it");
  work.spans.clear();
  model_->append(work.normalized, until - out.ids.size(), work.spans);

  const auto origin = [&](uint32_t byte) {
    const uint32_t from = work.origins[byte];
    return base + (cleans ? work.cleaned_origins[from] : from);
  };
  const auto put = [&](int32_t id, uint32_t begin, uint32_t end) {
    out.ids.push_back(id);
    if (offsets) out.offsets.emplace_back(origin(begin), origin(end));
  };
  const auto put_parts = [&](const std::vector<Part>& parts, uint32_t begin, uint32_t end) {
    for (const Part& part : parts) {
      const uint32_t next = std::min(begin + part.size, end);
      put(part.id, begin, next);
      begin = next;
    }
  };
  const int32_t unknown = spec_.model.unknown_id;
  for (size_t i = 0; i < work.spans.size(); ++i) {
    const auto [id, begin, end] = work.spans[i];
    if (id != unknown) {
      const uint32_t comma = comma_of_.empty() ? 0 : comma_of_[static_cast<size_t>(id)];
      if (comma == 0) {
        put(id, begin, end);
      } else {
        put_parts(commas_[comma], begin, end);
      }
    } else if (!byte_ids_.empty()) {
      for (uint32_t byte = begin; byte < end; ++byte)
        put(byte_ids_[static_cast<uint8_t>(work.normalized[byte])], begin, byte + 1 == end ? end : begin);
    } else {  // neighbours are one token
      while (i + 1 < work.spans.size() && work.spans[i + 1].id == unknown) ++i;
      const uint32_t last = work.spans[i].end;
      const std::string_view piece = std::string_view(work.normalized).substr(begin, last - begin);
      if (spec_.splits_comma_off_digits && ends_in_digit_and_comma(piece)) {
        put_parts(without_comma(piece), begin, last);
      } else {
        put(unknown, begin, last);
      }
    }
  }
}

std::string_view SentencePieceTokenizer::piece_of(int32_t id) const {
  if (id < 0 || id >= vocab_size())
    throw Error("", fmt::format("token id {} is out of range; the vocabulary has {}", id, vocab_size()));
  return vocab_.piece(id);
}

}  // namespace frugal
