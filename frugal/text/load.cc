// load_tokenizer: which of a folder's files defines the tokenizer, and which class reads it.
#include <fmt/format.h>

#include "frugal/base/error.h"
#include "frugal/text/bpe_tokenizer.h"
#include "frugal/text/sentencepiece_tokenizer.h"
#include "frugal/text/tokenizer.h"
#include "frugal/text/tokenizer_config.h"
#include "frugal/text/tokenizer_json.h"
#include "frugal/text/wordpiece_tokenizer.h"

namespace frugal {
namespace {

using Loaded = std::shared_ptr<const Tokenizer>;
using Load = Loaded (*)(const std::string& folder, TokenizerJson file);

Loaded load_wordpiece(const std::string& folder, TokenizerJson file) {
  return std::make_shared<const WordPieceTokenizer>(read_wordpiece_folder(folder, std::move(file)));
}
Loaded load_byte_level_bpe(const std::string& folder, TokenizerJson file) {
  return std::make_shared<const BpeTokenizer>(read_bpe_folder(folder, file));
}
Loaded load_sentencepiece(const std::string& folder, TokenizerJson file) {
  return load_sentencepiece_tokenizer(folder, file);
}

struct ModelKind {
  const char* type;  // in tokenizer.json
  bool byte_level;
  Load load;
};
constexpr ModelKind kModelKinds[] = {{"WordPiece", false, load_wordpiece},
                                     {"BPE", true, load_byte_level_bpe},
                                     {"BPE", false, load_sentencepiece},
                                     {"Unigram", false, load_sentencepiece}};

struct FileKind {
  const char* file;
  Load load;
};
// The first one that is there counts.
constexpr FileKind kFileKinds[] = {
    {"vocab.txt", load_wordpiece},          {"merges.txt", load_byte_level_bpe},
    {"vocab.json", load_byte_level_bpe},    {"spiece.model", load_sentencepiece},
    {"spm.model", load_sentencepiece},      {"sentencepiece.bpe.model", load_sentencepiece},
    {"tokenizer.model", load_sentencepiece}};

}  // namespace

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  const std::string json_path = folder + "/tokenizer.json";
  if (TokenizerJson file = load_tokenizer_json(folder); !file.json.is_null()) {
    const std::string type = tokenizer_json_model(file.json, json_path);
    const bool bytes = is_byte_level(file.json);
    for (const ModelKind& kind : kModelKinds)
      if (kind.type == type && kind.byte_level == bytes) return kind.load(folder, std::move(file));
    for (const ModelKind& kind : kModelKinds)
      if (kind.type == type)
        return kind.load(folder, std::move(file));  // its reader names what it does not know
    unsupported_part(json_path, "model type", type, "WordPiece, BPE, Unigram");
  }
  for (const FileKind& kind : kFileKinds)
    if (is_there(folder + "/" + kind.file)) return kind.load(folder, {});
  if (!is_there(folder))
    throw Error(folder, "no such folder", "name the folder of a model or of its tokenizer");
  throw Error(folder,
              "there is neither tokenizer.json nor vocab.txt, vocab.json with merges.txt or spiece.model",
              "name the folder of a model or of its tokenizer");
}

}  // namespace frugal
