#include "frugal/data/columns_names.h"

#include <algorithm>
#include <array>

namespace frugal {
namespace {

const std::vector<std::string_view> kTexts = {
    "sentence", "text",     "utterance",   "question",    "query",    "review",   "comment",
    "content",  "tweet",    "message",     "input",       "prompt",   "headline", "title",
    "body",     "document", "description", "passage",     "sequence", "doc",      "article",
    "phrase",   "feedback", "reviewtext",  "commenttext", "texts",    "sentences"};

const std::vector<std::string_view> kLabels = {
    "label",   "labels",     "intent",      "class",      "category", "target",  "goldlabel", "gold",
    "score",   "rating",     "stars",       "sentiment",  "topic",    "emotion", "labeltext", "intents",
    "classes", "similarity", "isduplicate", "entailment", "relation", "y",       "output"};

const std::vector<std::pair<std::string_view, std::string_view>> kPairs = {
    {"sentence1", "sentence2"}, {"premise", "hypothesis"}, {"question1", "question2"},
    {"text1", "text2"},         {"texta", "textb"},        {"sentencea", "sentenceb"},
    {"text", "textpair"},       {"question", "sentence"},  {"question", "passage"},
    {"question", "context"},    {"question", "answer"},    {"query", "passage"},
    {"query", "document"},      {"query", "text"},         {"sentence", "sentencepair"}};

}  // namespace

std::string column_key(std::string_view name) {
  std::string key;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') key += static_cast<char>(c + 32);
    // Letters beyond ASCII stay: a name of them only must not become empty.
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) key += c;
  }
  return key;
}

const std::vector<std::string_view>& text_keys() { return kTexts; }
const std::vector<std::string_view>& label_keys() { return kLabels; }
const std::vector<std::pair<std::string_view, std::string_view>>& pair_keys() { return kPairs; }

bool is_row_number_key(std::string_view key) {
  constexpr std::array<std::string_view, 8> kNumbers = {"id",  "idx",  "index", "qid",
                                                        "uid", "guid", "rowid", "pairid"};
  return key.empty() || std::find(kNumbers.begin(), kNumbers.end(), key) != kNumbers.end();
}

}  // namespace frugal
