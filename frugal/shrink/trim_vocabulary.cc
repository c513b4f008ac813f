#include "frugal/shrink/trim_vocabulary.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "frugal/base/error.h"
#include "frugal/models/weights.h"
#include "frugal/text/wordpiece_spec.h"
#include "frugal/text/wordpiece_tokenizer.h"

namespace frugal {
namespace {

// One UTF-8 character, after the continuation prefix if there is one.
bool is_single_character(std::string_view piece) {
  if (piece.size() > 2 && piece.substr(0, 2) == "##") piece.remove_prefix(2);
  int characters = 0;
  for (char c : piece) characters += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return characters == 1;
}

// BERT's vocabularies begin with places left free: [unused0] ...
bool is_unused(std::string_view piece) { return piece.rfind("[unused", 0) == 0; }

Tensor picked_rows(const Tensor& table, const std::vector<int32_t>& kept) {
  Shape shape = table.shape();
  const size_t bytes = table.byte_count() / static_cast<size_t>(shape[0]);
  shape[0] = static_cast<int64_t>(kept.size());
  Tensor rows(table.type(), shape);
  for (size_t i = 0; i < kept.size(); ++i)
    std::memcpy(static_cast<std::byte*>(rows.bytes()) + i * bytes,
                static_cast<const std::byte*>(table.bytes()) + static_cast<size_t>(kept[i]) * bytes, bytes);
  return rows;
}

}  // namespace

std::vector<int32_t> pieces_to_keep(const Tokenizer& tokenizer, const std::vector<Sequence>& sequences,
                                    int32_t common) {
  std::set<int32_t> kept;
  const SpecialIds& special = tokenizer.special_ids();
  for (const Sequence& sequence : sequences) kept.insert(sequence.ids.begin(), sequence.ids.end());
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (special.is_bert(id) || (id < common && !is_unused(tokenizer.piece_of(id))) ||
        is_single_character(tokenizer.piece_of(id)))
      kept.insert(id);
  return {kept.begin(), kept.end()};
}

Student trim_vocabulary(const Model& model, const Store& store, const std::vector<int32_t>& kept) {
  Json config = model.config();
  config["vocab_size"] = kept.size();
  // The padding piece keeps its meaning under its new number.
  if (has_value(config, "pad_token_id")) {
    const auto found = std::find(kept.begin(), kept.end(), config["pad_token_id"].get<int32_t>());
    config["pad_token_id"] = found == kept.end() ? Json() : Json(found - kept.begin());
  }
  Student result{make_model(config, "the trimmed configuration"), std::make_shared<Store>()};
  const std::string table = model.word_embedding();
  for (const auto& [name, tensor] : weights_to_save(model, store))
    result.store->set(name, name == table || name == table + "_scale" ? picked_rows(tensor, kept) : tensor);
  return result;
}

bool can_trim(const Tokenizer& tokenizer) {
  return dynamic_cast<const WordPieceTokenizer*>(&tokenizer) != nullptr;
}

void write_trimmed_tokenizer(const std::string& folder, const std::string& source,
                             const std::vector<int32_t>& kept) {
  const WordPieceSpec spec = read_wordpiece_folder(source);
  std::vector<std::string> pieces;
  for (int32_t id : kept) {
    if (id >= static_cast<int32_t>(spec.pieces.size()))
      throw Error(source, "pieces added beyond the vocabulary cannot be trimmed yet", "use --no-trim");
    pieces.push_back(spec.pieces[id]);
  }
  write_wordpiece_folder(folder, pieces, spec);
}

}  // namespace frugal
