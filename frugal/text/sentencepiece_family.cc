#include "frugal/text/sentencepiece_family.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

struct FamilyNames {
  SentencePieceFamily family;
  const char* tokenizer_class;
  const char* model_type;
};
constexpr FamilyNames kFamilies[] = {
    {SentencePieceFamily::t5, "T5Tokenizer", "t5"},
    {SentencePieceFamily::t5, "MT5Tokenizer", "mt5"},
    {SentencePieceFamily::t5, "T5Tokenizer", "switch_transformers"},
    {SentencePieceFamily::xlnet, "XLNetTokenizer", "xlnet"},
    {SentencePieceFamily::albert, "AlbertTokenizer", "albert"},
    {SentencePieceFamily::reformer, "ReformerTokenizer", "reformer"},
    {SentencePieceFamily::llama, "LlamaTokenizer", "llama"},
};
// Classes of Transformers that say nothing about the family.
constexpr const char* kAnyClass[] = {"PreTrainedTokenizer", "TokenizersBackend"};

NamedTokens named(std::initializer_list<std::pair<const char*, const char*>> names) {
  NamedTokens tokens;
  for (const auto& [role, content] : names) {
    AddedToken& token = tokens[role].token;
    token.content = content;
    // As the published tokenizers: blanks before a mask belong to it.
    token.left_strip = std::string_view(role) == "mask_token";
  }
  return tokens;
}

}  // namespace

SentencePieceFamily sentencepiece_family(const std::string& folder, const Json& config) {
  const std::string config_path = folder + "/tokenizer_config.json";
  std::string name = get_string_or(config, "tokenizer_class", config_path, "");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  const bool says_nothing =
      name.empty() || std::find(std::begin(kAnyClass), std::end(kAnyClass), name) != std::end(kAnyClass);
  if (!says_nothing) {
    for (const FamilyNames& names : kFamilies)
      if (name == names.tokenizer_class) return names.family;
    throw Error(config_path, fmt::format("the tokenizer class {} is not supported", in_quotes(name)),
                "with a SentencePiece model, T5Tokenizer, MT5Tokenizer, XLNetTokenizer, AlbertTokenizer, "
                "ReformerTokenizer and LlamaTokenizer are; without a class the plain model is used");
  }
  const std::string model_path = folder + "/config.json";
  const std::string type = get_string_or(load_if_there(model_path), "model_type", model_path, "");
  for (const FamilyNames& names : kFamilies)
    if (type == names.model_type) return names.family;
  return SentencePieceFamily::plain;
}

NamedTokens named_tokens_of(SentencePieceFamily family) {
  switch (family) {
    case SentencePieceFamily::t5:
      return named({{"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}});
    case SentencePieceFamily::xlnet:
      return named({{"bos_token", "<s>"},
                    {"eos_token", "</s>"},
                    {"unk_token", "<unk>"},
                    {"sep_token", "<sep>"},
                    {"pad_token", "<pad>"},
                    {"cls_token", "<cls>"},
                    {"mask_token", "<mask>"}});
    case SentencePieceFamily::albert:
      return named({{"bos_token", "[CLS]"},
                    {"eos_token", "[SEP]"},
                    {"unk_token", "<unk>"},
                    {"sep_token", "[SEP]"},
                    {"pad_token", "<pad>"},
                    {"cls_token", "[CLS]"},
                    {"mask_token", "[MASK]"}});
    case SentencePieceFamily::reformer:
      return named({{"eos_token", "</s>"}, {"unk_token", "<unk>"}});
    case SentencePieceFamily::llama:
      return named({{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}});
    case SentencePieceFamily::plain:
      break;
  }
  return {};
}

}  // namespace frugal
