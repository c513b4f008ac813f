#include "frugal/text/tokenizer_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/text/tokenizer_config.h"

namespace frugal {
namespace {

std::vector<TemplateItem> read_items(const Json& processor, const char* key, bool pair,
                                     const std::string& where) {
  const auto found = processor.find(key);
  if (found == processor.end() || !found->is_array())
    throw Error(where, fmt::format("\"{}\" of the post-processor must be a list", key));
  std::vector<TemplateItem> items;
  int firsts = 0, seconds = 0;
  for (const Json& item : *found) {
    const bool special = has_value(item, "SpecialToken");
    const Json& part = get_object(item, special ? "SpecialToken" : "Sequence", where);
    const auto type = static_cast<int32_t>(get_int(part, "type_id", where, {0, kMostIds}));
    const std::string id = get_string(part, "id", where);
    if (!special) {
      if (id != "A" && id != "B")
        throw Error(where, "a template's sequence must be A or B, got " + in_quotes(id));
      ++(id == "A" ? firsts : seconds);
      items.push_back({id == "A" ? TemplateItem::first : TemplateItem::second, 0, type});
      continue;
    }
    const Json& token = get_object(get_object(processor, "special_tokens", where), id, where);
    const auto ids = token.find("ids");
    if (ids == token.end() || !ids->is_array())
      throw Error(where, fmt::format("\"ids\" of the template's token {} must be a list", in_quotes(id)));
    for (const Json& number : *ids) {
      if (!number.is_number_integer() || number < 0 || number > kMostIds)
        throw Error(where,
                    fmt::format("the template's token {} has id {}", in_quotes(id), to_text(number, -1)));
      items.push_back({TemplateItem::special, number.get<int32_t>(), type});
    }
  }
  if (firsts != 1 || seconds != (pair ? 1 : 0))
    throw Error(where, fmt::format("the template \"{}\" must hold each text once", key));
  return items;
}

// "sep": ["[SEP]", 102]
int32_t read_token_pair(const Json& processor, const char* key, const std::string& where) {
  const auto pair = processor.find(key);
  if (pair == processor.end() || !pair->is_array() || pair->size() != 2 || !(*pair)[1].is_number_integer() ||
      (*pair)[1] < 0 || (*pair)[1] > kMostIds)
    throw Error(where, fmt::format("\"{}\" of the post-processor must be a token and its id", key));
  return (*pair)[1].get<int32_t>();
}

}  // namespace

TokenizerJson parse_tokenizer_json(std::string_view text, const std::string& where) {
  auto [json, vocab] = parse_json_apart(text, where, {"model", "vocab"});
  if (!json.is_object()) throw Error(where, fmt::format("expected an object, got {}", json.type_name()));
  return {std::move(json), std::move(vocab)};
}

TokenizerJson load_tokenizer_json(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json";
  if (!is_there(path)) return {};
  return parse_tokenizer_json(read_file(path, JsonLimits().bytes), path);
}

const JsonMembers& get_vocab(const TokenizerJson& file, const std::string& where) {
  get_object(get_object(file.json, "model", where), "vocab", where);
  return file.vocab;
}

std::string tokenizer_json_model(const Json& json, const std::string& where) {
  const Json& model = get_object(json, "model", where);
  if (has_value(model, "type")) return get_string(model, "type", where);
  for (const auto& [key, type] :
       {std::pair{"max_input_chars_per_word", "WordPiece"}, {"merges", "BPE"}, {"unk_id", "Unigram"}})
    if (has_value(model, key)) return type;
  return "";
}

bool is_byte_level(const Json& json) {
  const auto is = [](const Json& part) {
    const auto type = part.is_object() ? part.find("type") : part.end();
    return part.is_object() && type != part.end() && *type == "ByteLevel";
  };
  if (!has_value(json, "pre_tokenizer")) return false;
  const Json& splitter = json["pre_tokenizer"];
  if (is(splitter)) return true;
  const bool listed = has_value(splitter, "pretokenizers") && splitter["pretokenizers"].is_array();
  return listed && std::any_of(splitter["pretokenizers"].begin(), splitter["pretokenizers"].end(), is);
}

std::string part_type(const Json& json, const char* part, const std::string& where) {
  return has_value(json, part) ? get_string(get_object(json, part, where), "type", where) : "";
}

std::vector<const Json*> parts_of(const Json& json, const char* part, const char* list,
                                  const std::string& where) {
  std::vector<const Json*> parts;
  if (!has_value(json, part)) return parts;
  const Json& whole = json[part];
  if (part_type(json, part, where) != "Sequence") return {&whole};
  const auto items = whole.find(list);
  if (items == whole.end() || !items->is_array())
    throw Error(where, fmt::format("\"{}\" of the {} must be a list", list, part));
  for (const Json& item : *items) {
    get_string(item, "type", where);
    parts.push_back(&item);
  }
  return parts;
}

std::string type_of(const Json* part) { return (*part)["type"].get<std::string>(); }

void unsupported_part(const std::string& where, const char* part, const std::string& type,
                      const char* supported) {
  throw Error(where, fmt::format("the {} {} is not supported", part, type.empty() ? "null" : in_quotes(type)),
              fmt::format("supported here: {}", supported));
}

AddedToken read_token_flags(const Json& item, const std::string& content, bool special,
                            const std::string& where) {
  AddedToken token;
  token.content = content;
  token.special = get_bool_or(item, "special", where, special);
  token.normalized = get_bool_or(item, "normalized", where, !token.special);
  token.single_word = get_bool_or(item, "single_word", where, false);
  token.left_strip = get_bool_or(item, "lstrip", where, false);
  token.right_strip = get_bool_or(item, "rstrip", where, false);
  return token;
}

std::vector<AddedToken> read_added_tokens(const Json& json, const std::string& where) {
  std::vector<AddedToken> all;
  if (!has_value(json, "added_tokens")) return all;
  const Json& tokens = json["added_tokens"];
  if (!tokens.is_array()) throw Error(where, "\"added_tokens\" must be a list");
  for (const Json& item : tokens) {
    const auto id = static_cast<int32_t>(get_int(item, "id", where, {0, kMostIds}));
    all.push_back(read_token_flags(item, get_string(item, "content", where), false, where));
    all.back().id = id;
  }
  return all;
}

Template read_template(const Json& processor, const std::string& type, const std::string& where) {
  if (type == "TemplateProcessing")
    return {read_items(processor, "single", false, where), read_items(processor, "pair", true, where)};
  if (type == "BertProcessing")
    return Template::bert(read_token_pair(processor, "cls", where), read_token_pair(processor, "sep", where));
  if (type == "RobertaProcessing")
    return Template::roberta(read_token_pair(processor, "cls", where),
                             read_token_pair(processor, "sep", where));
  unsupported_part(where, "post-processor", type,
                   "TemplateProcessing, BertProcessing, RobertaProcessing, null");
}

}  // namespace frugal
