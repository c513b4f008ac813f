// Vocabulary and merges of a BPE model: pieces by id, pairs of pieces by rank.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/text/bpe_spec.h"
#include "frugal/text/tokenizer_config.h"

namespace frugal {

std::vector<std::string> pieces_by_id(const JsonMembers& vocab, const std::vector<AddedToken>& added,
                                      const std::string& where) {
  constexpr int64_t kNoPiece = -1;
  std::unordered_map<std::string_view, int64_t> ids;  // of the added tokens, in the vocabulary
  for (const AddedToken& token : added) ids.emplace(token.content, kNoPiece);
  std::vector<std::pair<int64_t, std::string_view>> numbered;
  numbered.reserve(vocab.size() + added.size());
  for (const auto& [piece, value] : vocab) {
    if (!value.is_number_integer() || value < 0 || value > kMostIds)
      throw Error(where, fmt::format("the piece {} has id {}", in_quotes(piece), to_text(value, -1)));
    const auto id = value.get<int64_t>();
    numbered.emplace_back(id, piece);
    if (const auto found = ids.find(piece); found != ids.end()) found->second = id;
  }
  for (const AddedToken& token : added) {
    const int64_t id = ids.at(token.content);
    if (id == kNoPiece) {
      numbered.emplace_back(token.id, token.content);
    } else if (id != token.id) {
      throw Error(where, fmt::format("the added token {} has id {}, but the vocabulary gives it {}",
                                     in_quotes(token.content), token.id, id));
    }
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::string> pieces;
  for (const auto& [id, piece] : numbered) {
    const auto next = static_cast<int64_t>(pieces.size());
    if (id > next)
      throw Error(where,
                  fmt::format("no piece has id {}; the next one, {}, has {}", next, in_quotes(piece), id),
                  "ids must follow each other without gaps");
    if (id < next) {
      if (pieces.back() == piece) continue;  // an added token that is listed twice
      throw Error(where, fmt::format("the pieces {} and {} both have id {}", in_quotes(pieces.back()),
                                     in_quotes(piece), id));
    }
    pieces.emplace_back(piece);
  }
  if (pieces.empty()) throw Error(where, "the vocabulary is empty");
  return pieces;
}

std::vector<std::string> read_vocab_json(const std::string& path, const std::vector<AddedToken>& added) {
  const auto [vocab, members] = parse_json_apart(read_file(path, kMostVocabBytes), path, {});
  if (!vocab.is_object()) throw Error(path, fmt::format("expected an object, got {}", vocab.type_name()));
  return pieces_by_id(members, added, path);
}

PieceIds::PieceIds(const std::vector<std::string>& pieces) {
  ids_.reserve(pieces.size());
  for (size_t id = 0; id < pieces.size(); ++id) ids_.emplace(pieces[id], static_cast<int32_t>(id));
}

int32_t PieceIds::find(std::string_view piece) const {
  const auto found = ids_.find(piece);
  return found == ids_.end() ? -1 : found->second;
}

MergeReader::MergeReader(const PieceIds& ids, std::function<std::string(size_t)> place)
    : ids_(ids), place_(std::move(place)) {}

void MergeReader::add(std::string_view left, std::string_view right, size_t number) {
  joined_.assign(left).append(right);
  int32_t ids[3];
  const std::string_view parts[] = {left, right, joined_};
  for (int i = 0; i < 3; ++i)
    if (ids[i] = ids_.find(parts[i]); ids[i] < 0)
      throw Error(place_(number), fmt::format("the piece {} is not in the vocabulary", in_quotes(parts[i])),
                  "vocabulary and merges must belong together");
  merges_.push_back({ids[0], ids[1], ids[2]});
}

void MergeReader::add_line(std::string_view line, size_t number) {
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || line.find(' ', blank + 1) != std::string_view::npos || blank == 0 ||
      blank + 1 == line.size())
    throw Error(place_(number),
                fmt::format("{} is not two pieces with a blank between them", in_quotes(line)));
  add(line.substr(0, blank), line.substr(blank + 1), number);
}

std::vector<BpeMerge> parse_merges_txt(std::string_view text, const PieceIds& ids, const std::string& where) {
  MergeReader reader(ids, [&](size_t number) { return fmt::format("{}:{}", where, number); });
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t size = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && !line.starts_with("#version")) reader.add_line(line, number);
  }
  return reader.take();
}

std::vector<BpeMerge> read_json_merges(const Json& model, const PieceIds& ids, const std::string& where) {
  if (has_value(model, "dropout") && get_double(model, "dropout", where) != 0)
    throw Error(where, "a BPE model with dropout is not supported", "set \"dropout\" to null");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (const std::string value = get_string_or(model, key, where, ""); !value.empty())
      throw Error(where, fmt::format("a BPE model with the {} {} is not supported", key, in_quotes(value)));
  const auto merges = model.find("merges");
  if (merges == model.end() || !merges->is_array())
    throw Error(where, "\"merges\" of the model must be a list");
  MergeReader reader(ids, [&](size_t number) { return fmt::format("{}: merge {}", where, number); });
  for (size_t i = 0; i < merges->size(); ++i) {
    const Json& merge = (*merges)[i];
    if (merge.is_string()) {
      const auto& line = merge.get_ref<const std::string&>();
      if (!line.starts_with("#version")) reader.add_line(line, i);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      reader.add(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>(), i);
    } else {
      throw Error(fmt::format("{}: merge {}", where, i), "is neither a string nor a list of two strings");
    }
  }
  return reader.take();
}

}  // namespace frugal
