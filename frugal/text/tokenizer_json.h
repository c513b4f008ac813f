// The parts of tokenizer.json (the `tokenizers` library's own format) that all kinds of tokenizer share.
//
// `where` names the file in errors. Anything that is not known is refused by its name.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/io/json.h"
#include "frugal/text/added_tokens.h"
#include "frugal/text/template.h"

namespace frugal {

constexpr int64_t kMostIds = std::numeric_limits<int32_t>::max();

// The file, parsed; json is null when there is none. Where the model's vocabulary is an object, its members
// lie in `vocab` and an empty object is left in their place.
struct TokenizerJson {
  Json json;
  JsonMembers vocab;
};
TokenizerJson parse_tokenizer_json(std::string_view text, const std::string& where);
TokenizerJson load_tokenizer_json(const std::string& folder);

// The vocabulary. Throws when the model has none, or one that is no object.
const JsonMembers& get_vocab(const TokenizerJson& file, const std::string& where);

// The model's "type". Files of early versions leave it out; each kind has a key of its own.
std::string tokenizer_json_model(const Json& json, const std::string& where);

// Whether bytes stand for characters: a pre-tokenizer "ByteLevel", alone or in a Sequence.
bool is_byte_level(const Json& json);

// The "type" of a part of the pipeline; empty when the part is null or missing.
std::string part_type(const Json& json, const char* part, const std::string& where);

// The parts of a Sequence, which `list` names, or the part itself; none for null. Each has a "type".
std::vector<const Json*> parts_of(const Json& json, const char* part, const char* list,
                                  const std::string& where);
std::string type_of(const Json* part);

[[noreturn]] void unsupported_part(const std::string& where, const char* part, const std::string& type,
                                   const char* supported);

// "added_tokens"
std::vector<AddedToken> read_added_tokens(const Json& json, const std::string& where);

// single_word, lstrip, rstrip, normalized, special: where they are said. `special` is the default of the
// last.
AddedToken read_token_flags(const Json& item, const std::string& content, bool special,
                            const std::string& where);

// A post-processor of type TemplateProcessing, BertProcessing or RobertaProcessing.
Template read_template(const Json& processor, const std::string& type, const std::string& where);

}  // namespace frugal
