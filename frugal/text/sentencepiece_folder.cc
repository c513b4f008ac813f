// Reader of a SentencePiece tokenizer's folder: which file defines the model, and what its family adds.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/text/sentencepiece_family.h"
#include "frugal/text/sentencepiece_json.h"
#include "frugal/text/sentencepiece_tokenizer.h"
#include "frugal/text/tokenizer_config.h"
#include "frugal/text/tokenizer_json.h"

namespace frugal {
namespace {

// The published ones have at most 5 MB.
constexpr size_t kMostModelBytes = size_t{32} << 20;
constexpr const char* kModelFiles[] = {"spiece.model", "spm.model", "sentencepiece.bpe.model",
                                       "tokenizer.model"};

class FolderReader {
 public:
  FolderReader(const std::string& folder, const TokenizerJson& json)
      : folder_(folder),
        config_path_(folder + "/tokenizer_config.json"),
        config_(load_if_there(config_path_)),
        family_(sentencepiece_family(folder, config_)),
        names_(named_tokens_of(family_)) {
    for (auto& [role, named] : read_named_tokens(folder, config_)) {
      const bool left_strip = role == "mask_token" && !named.has_flags;
      names_[role] = std::move(named);
      names_[role].token.left_strip |= left_strip;
    }
    read_model(json);
  }

  SentencePieceSpec read() {
    for (size_t id = 0; id < spec_.model.pieces.size(); ++id)
      ids_.emplace(spec_.model.pieces[id].text, static_cast<int32_t>(id));
    collect_added();
    for (const auto& [key, id] : {std::pair{"cls_token", &spec_.special.cls},
                                  {"sep_token", &spec_.special.sep},
                                  {"mask_token", &spec_.special.mask},
                                  {"pad_token", &spec_.special.pad},
                                  {"bos_token", &spec_.special.bos},
                                  {"eos_token", &spec_.special.eos}})
      *id = id_of_name(key).value_or(-1);
    set_family_rules();
    spec_.max_length = read_max_length(config_, config_path_);
    return std::move(spec_);
  }

 private:
  void read_model(const TokenizerJson& json) {
    for (const char* name : kModelFiles) {
      const std::string path = folder_ + "/" + name;
      if (!is_there(path)) continue;
      spec_.where = path;
      spec_.model = parse_sentencepiece_model(read_file(path, kMostModelBytes), path);
      name_control_pieces();
      return;
    }
    if (json.json.is_null())
      throw Error(folder_,
                  is_there(folder_) ? "there is neither spiece.model, spm.model nor tokenizer.json"
                                    : "no such folder",
                  "name the folder of a model or of its tokenizer");
    from_json_ = true;
    const auto unknown = names_.find("unk_token");
    spec_ = parse_sentencepiece_json(json, unknown == names_.end() ? "<unk>" : unknown->second.token.content,
                                     folder_ + "/tokenizer.json");
  }

  // A plain model's own names for the ends of a text.
  void name_control_pieces() {
    if (family_ != SentencePieceFamily::plain) return;
    for (const SentencePiece& piece : spec_.model.pieces)
      for (const auto& [key, name] : {std::pair{"bos_token", &spec_.model.begin_name},
                                      {"eos_token", &spec_.model.end_name},
                                      {"pad_token", &spec_.model.pad_name}})
        if (piece.type == SentencePiece::control && piece.text == *name && !names_.contains(key))
          plain_names_[key] = *name;
  }

  std::optional<int32_t> id_of(const std::string& content) const {
    if (const auto found = ids_.find(content); found != ids_.end()) return found->second;
    for (const AddedToken& token : spec_.added)
      if (token.content == content) return token.id;
    return std::nullopt;
  }

  std::optional<int32_t> id_of_name(const char* key) const {
    if (const auto found = names_.find(key); found != names_.end()) return id_of(found->second.token.content);
    if (const auto found = plain_names_.find(key); found != plain_names_.end()) return id_of(found->second);
    return std::nullopt;
  }

  int32_t need(const char* key) const {
    if (const auto id = id_of_name(key)) return *id;
    throw Error(
        spec_.where,
        fmt::format("the vocabulary lacks the special token {}", in_quotes(names_.at(key).token.content)),
        "add it, or name another one in tokenizer_config.json");
  }

  // Tokens that are looked for in a text before the model sees it.
  void collect_added() {
    for (AddedToken& token : read_added_tokens_decoder(config_, config_path_))
      add_token(spec_.added, std::move(token));
    for (AddedToken& token : read_added_tokens_file(folder_)) add_token(spec_.added, std::move(token));
    if (family_ == SentencePieceFamily::t5) add_sentinels();
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) add_listed(key);
    for (const auto& [key, name] : names_) {
      AddedToken token = name.token;
      token.id = id_of(token.content).value_or(-1);
      if (token.id >= 0) add_token(spec_.added, std::move(token));
    }
    // What a model was told to keep together is its own business: XLNet has the full stop there.
    std::erase_if(spec_.added, [&](const AddedToken& token) {
      const auto id = static_cast<size_t>(token.id);
      return id < spec_.model.pieces.size() && spec_.model.pieces[id].type == SentencePiece::user_defined;
    });
  }

  // Tokens by name alone: what is a piece counts.
  void add_listed(const char* key) {
    if (!has_value(config_, key) || !config_[key].is_array()) return;
    for (const Json& item : config_[key]) {
      AddedToken token;
      if (item.is_string()) token.content = item.get<std::string>();
      if (item.is_object())
        token = read_token_flags(item, get_string(item, "content", config_path_), true, config_path_);
      token.id = id_of(token.content).value_or(-1);
      if (token.id >= 0) add_token(spec_.added, std::move(token));
    }
  }

  // <extra_id_0> has the highest id. mT5 has them in its vocabulary.
  void add_sentinels() {
    const bool has_them = ids_.contains("<extra_id_0>") || ids_.contains("\u2581<extra_id_0>");
    const int64_t count =
        get_int_or(config_, "extra_ids", config_path_, has_them || from_json_ ? 0 : 100, {0, 100000});
    for (int64_t i = has_them ? 0 : count; i > 0; --i) {
      AddedToken token;
      token.id = static_cast<int32_t>(static_cast<int64_t>(spec_.model.pieces.size()) + count - i);
      token.content = fmt::format("<extra_id_{}>", i - 1);
      add_token(spec_.added, std::move(token));
    }
  }

  bool flag(const char* key, bool fallback) const {
    return get_bool_or(config_, key, config_path_, fallback);
  }

  void set_family_rules() {
    if (family_ == SentencePieceFamily::xlnet || family_ == SentencePieceFamily::albert) {
      spec_.splits_comma_off_digits = true;
      spec_.cleanup.collapse_blanks = flag("remove_space", true);
      spec_.cleanup.quotes = true;
      spec_.cleanup.strip_accents = !flag("keep_accents", from_json_ && !spec_.cleanup.strip_accents);
      spec_.cleanup.lower_case = flag(
          "do_lower_case", from_json_ ? spec_.cleanup.lower_case : family_ == SentencePieceFamily::albert);
    }
    if (from_json_) return;  // the file's template
    switch (family_) {
      case SentencePieceFamily::t5:
        spec_.around = Template::ends(-1, need("eos_token"), 0);
        break;
      case SentencePieceFamily::xlnet:
        spec_.around = Template::xlnet(need("sep_token"), need("cls_token"));
        break;
      case SentencePieceFamily::albert:
        spec_.around = Template::bert(need("cls_token"), need("sep_token"));
        break;
      case SentencePieceFamily::llama:
        spec_.every_stretch_starts = flag("legacy", true);
        spec_.around = Template::ends(flag("add_bos_token", true) ? need("bos_token") : -1,
                                      flag("add_eos_token", false) ? need("eos_token") : -1, 1);
        break;
      case SentencePieceFamily::reformer:
      case SentencePieceFamily::plain:
        break;
    }
  }

  const std::string& folder_;
  const std::string config_path_;
  const Json config_;
  const SentencePieceFamily family_;
  NamedTokens names_;
  std::map<std::string, std::string> plain_names_;
  std::unordered_map<std::string_view, int32_t> ids_;  // of the model's pieces
  bool from_json_ = false;
  SentencePieceSpec spec_;
};

}  // namespace

std::shared_ptr<const Tokenizer> load_sentencepiece_tokenizer(const std::string& folder,
                                                              const TokenizerJson& tokenizer_json) {
  return std::make_shared<const SentencePieceTokenizer>(FolderReader(folder, tokenizer_json).read());
}

std::shared_ptr<const Tokenizer> load_sentencepiece_tokenizer(const std::string& folder) {
  return load_sentencepiece_tokenizer(folder, load_tokenizer_json(folder));
}

}  // namespace frugal
