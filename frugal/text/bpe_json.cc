// Reader of tokenizer.json (the `tokenizers` library's own format) with a BPE model over bytes.
#include <fmt/format.h>

#include "frugal/base/error.h"
#include "frugal/text/bpe_spec.h"
#include "frugal/text/tokenizer_json.h"

namespace frugal {
namespace {

constexpr int kMostDigits = 3;

// BpeSpec::most_digits of a pattern; -1: an unknown one.
int most_digits(std::string_view pattern) {
  for (int digits = 0; digits <= kMostDigits; ++digits)
    if (pattern == split_pattern(digits)) return digits;
  return -1;
}

void read_splitters(const Json& json, BpeSpec& spec) {
  bool has_pattern = false, has_bytes = false;
  for (const Json* part : parts_of(json, "pre_tokenizer", "pretokenizers", spec.where)) {
    const std::string type = type_of(part);
    if (type == "ByteLevel" && !has_bytes) {
      has_bytes = true;
      spec.prefix_space = get_bool_or(*part, "add_prefix_space", spec.where, true);
      spec.splits = get_bool_or(*part, "use_regex", spec.where, true);
      if (has_pattern && (spec.prefix_space || spec.splits))
        throw Error(spec.where, "a pre-tokenizer \"ByteLevel\" after a \"Split\" must not split again",
                    "supported here: add_prefix_space and use_regex false");
    } else if (type == "Split" && !has_pattern && !has_bytes) {
      has_pattern = true;
      const Json& pattern = get_object(*part, "pattern", spec.where);
      const std::string regex = get_string_or(pattern, "Regex", spec.where, "");
      spec.most_digits = most_digits(regex);
      if (spec.most_digits < 0 || get_string_or(*part, "behavior", spec.where, "") != "Isolated" ||
          get_bool_or(*part, "invert", spec.where, false))
        throw Error(spec.where,
                    fmt::format("the pre-tokenizer \"Split\" by {} is not supported", in_quotes(regex)),
                    "supported here: the patterns of GPT-2, Llama 3 and Qwen2, Isolated");
    } else {
      unsupported_part(spec.where, "pre-tokenizer", type,
                       "ByteLevel, and Split by a known pattern before it");
    }
  }
  if (!has_bytes) unsupported_part(spec.where, "pre-tokenizer", "", "ByteLevel");
  spec.splits |= has_pattern;
}

void read_template_and_trimming(const Json& json, BpeSpec& spec) {
  bool has_template = false;
  for (const Json* part : parts_of(json, "post_processor", "processors", spec.where)) {
    const std::string type = type_of(part);
    if (type == "ByteLevel" || type == "RobertaProcessing") {
      spec.trim_offsets |= get_bool_or(*part, "trim_offsets", spec.where, true);
      spec.trim_keeps_first = get_bool_or(*part, "add_prefix_space", spec.where, true);
    }
    if (type == "ByteLevel") continue;
    if (has_template) throw Error(spec.where, "the post-processor has more than one template");
    has_template = true;
    spec.around = read_template(*part, type, spec.where);
  }
}

void read_decoder(const Json& json, BpeSpec& spec) {
  const auto parts = parts_of(json, "decoder", "decoders", spec.where);
  for (const Json* part : parts)
    if (parts.size() > 1 || type_of(part) != "ByteLevel")
      unsupported_part(spec.where, "decoder", type_of(part), "ByteLevel alone, null");
  spec.decodes_bytes = !parts.empty();
}

void read_model(const TokenizerJson& file, BpeSpec& spec) {
  const Json& json = file.json;
  const std::string type = tokenizer_json_model(json, spec.where);
  if (type != "BPE") unsupported_part(spec.where, "model type", type, "BPE");
  const Json& model = json["model"];
  if (get_bool_or(model, "byte_fallback", spec.where, false))
    throw Error(spec.where, "a byte-level BPE model with byte_fallback is not supported");
  spec.fuse_unknown = get_bool_or(model, "fuse_unk", spec.where, false);
  spec.ignore_merges = get_bool_or(model, "ignore_merges", spec.where, false);
  spec.pieces = pieces_by_id(get_vocab(file, spec.where), spec.added, spec.where);
  const PieceIds ids(spec.pieces);
  spec.merges = read_json_merges(model, ids, spec.where);
  const std::string unknown = get_string_or(model, "unk_token", spec.where, "");
  if (unknown.empty()) return;
  spec.unknown = ids.find(unknown);
  if (spec.unknown < 0)
    throw Error(spec.where, "the vocabulary lacks the unknown token " + in_quotes(unknown));
}

}  // namespace

std::string split_pattern(int most_digits) {
  if (most_digits == 0)
    return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  const std::string number = most_digits == 1 ? R"(\p{N})" : fmt::format(R"(\p{{N}}{{1,{}}})", most_digits);
  return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)" + number +
         R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

BpeSpec parse_bpe_json(const TokenizerJson& file, const std::string& where) {
  const Json& json = file.json;
  BpeSpec spec;
  spec.where = where;
  tokenizer_json_model(json, where);  // an object with a model
  spec.added = read_added_tokens(json, where);
  read_model(file, spec);
  for (const Json* part : parts_of(json, "normalizer", "normalizers", where))
    if (type_of(part) == "NFC")
      spec.composes = true;
    else
      unsupported_part(where, "normalizer", type_of(part), "NFC, null");
  read_splitters(json, spec);
  read_template_and_trimming(json, spec);
  read_decoder(json, spec);
  return spec;
}

}  // namespace frugal
