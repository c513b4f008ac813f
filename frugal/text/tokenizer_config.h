// What tokenizer_config.json, special_tokens_map.json and added_tokens.json say beside a tokenizer's own
// files.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "frugal/io/json.h"
#include "frugal/text/added_tokens.h"

namespace frugal {

constexpr size_t kMostVocabBytes = size_t{64} << 20;

bool is_there(const std::string& path);

// Null when there is no such file; throws when it holds no object.
Json load_if_there(const std::string& path);

// A token with a role, written as a string or as an object with its "content" and flags. An empty content:
// there is none (null).
struct NamedToken {
  AddedToken token;
  bool has_flags = false;
};
// By role ("cls_token", "mask_token", ...); tokenizer_config.json has the last word.
using NamedTokens = std::map<std::string, NamedToken, std::less<>>;
NamedTokens read_named_tokens(const std::string& folder, const Json& config);

// "added_tokens_decoder": {"103": {"content": "[MASK]", "special": true, ...}, ...}
std::vector<AddedToken> read_added_tokens_decoder(const Json& config, const std::string& where);

// added_tokens.json: {"<pad>": 50257, ...}
std::vector<AddedToken> read_added_tokens_file(const std::string& folder);

// "model_max_length"; 0: not said, or written as 1e30, which means no limit.
int read_max_length(const Json& config, const std::string& where);

// Appends the token unless one of the same content is there, or it is empty.
void add_token(std::vector<AddedToken>& tokens, AddedToken token);

}  // namespace frugal
