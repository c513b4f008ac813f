// Folders of SentencePiece tokenizers: families, named and added tokens, templates, what is refused.
#include <gtest/gtest.h>

#include <filesystem>

#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/testing.h"
#include "frugal/text/sentencepiece_tokenizer.h"
#include "frugal/text/testing.h"

namespace frugal {
namespace {

using Ids = std::vector<int32_t>;

// Pieces 0-9: <unk> </s> <pad> <cls> <sep> [CLS] [SEP] [MASK] <s> <eop>, then marks, a and b.
constexpr int32_t kMark = 10, kMarkA = 11, kA = 12, kB = 13;

SentencePieceModel small_model() {
  SentencePieceModel model = test::model_of(
      SentencePieceModel::unigram,
      {"<pad>", "<cls>", "<sep>", "[CLS]", "[SEP]", "[MASK]", "<s>", "<eop>", "\u2581", "\u2581a", "a", "b"});
  for (size_t id = 2; id < 9; ++id) model.pieces[id].type = SentencePiece::control;
  model.pieces[9].type = SentencePiece::user_defined;
  return model;
}

class Folder : public test::TempFolder {
 public:
  explicit Folder(const std::string& config = "", const SentencePieceModel& model = small_model(),
                  const char* name = "spiece.model") {
    write_file(*this / name, test::model_bytes(model));
    if (!config.empty()) write_file(*this / "tokenizer_config.json", config);
  }
  std::shared_ptr<const Tokenizer> load() const { return load_tokenizer(path()); }
};

TEST(SentencePieceFolder, APlainModelHasNeitherTemplateNorAddedTokens) {
  for (const char* name : {"spiece.model", "spm.model", "sentencepiece.bpe.model", "tokenizer.model"}) {
    const auto tokenizer = Folder("", small_model(), name).load();
    EXPECT_EQ(tokenizer->encode("a b").ids, (Ids{kMarkA, kMark, kB})) << name;
    EXPECT_EQ(tokenizer->encode_pair("a", "b").ids, (Ids{kMarkA, kMark, kB}));
    EXPECT_EQ(tokenizer->encode("</s>").ids, (Ids{kMark, 0}));
    EXPECT_EQ(tokenizer->vocab_size(), 14);
    EXPECT_EQ(tokenizer->special_ids().unk, 0);
    EXPECT_EQ(tokenizer->special_ids().eos, 1);
    EXPECT_EQ(tokenizer->special_ids().bos, 8);
    EXPECT_EQ(tokenizer->special_ids().cls, -1);
    EXPECT_EQ(tokenizer->id_of("\u2581a"), kMarkA);
    EXPECT_EQ(tokenizer->piece_of(kB), "b");
    EXPECT_NE(test::error_of([&] { tokenizer->piece_of(14); }).find("14 is out of range"), std::string::npos);
  }
}

TEST(SentencePieceFolder, T5HasSentinelsAboveItsVocabulary) {
  const auto tokenizer = Folder(R"({"tokenizer_class": "T5TokenizerFast", "model_max_length": 512})").load();
  EXPECT_EQ(tokenizer->vocab_size(), 114);
  EXPECT_EQ(tokenizer->model_max_length(), 512);
  EXPECT_EQ(tokenizer->id_of("<extra_id_0>"), 113);
  EXPECT_EQ(tokenizer->id_of("<extra_id_99>"), 14);
  EXPECT_EQ(tokenizer->special_ids().pad, 2);
  EXPECT_EQ(tokenizer->special_ids().eos, 1);
  // Each stretch starts like a text, blanks or not: the legacy of T5, and what Transformers 5 does.
  EXPECT_EQ(tokenizer->encode("a <extra_id_0>b </s> a").ids, (Ids{kMarkA, 113, kMark, kB, 1, kMarkA, 1}));
  EXPECT_EQ(tokenizer->encode("a", {.special_tokens = false}).ids, (Ids{kMarkA}));
  const Encoding pair = tokenizer->encode_pair("a", "b", {.offsets = true});
  EXPECT_EQ(pair.ids, (Ids{kMarkA, 1, kMark, kB, 1}));
  EXPECT_EQ(pair.type_ids, (Ids{0, 0, 0, 0, 0}));
  EXPECT_EQ(pair.offsets[3], (std::pair<uint32_t, uint32_t>(0, 1)));
  EXPECT_EQ(tokenizer->encode_pair("a a a a", "b", {.max_length = 6}).ids,
            (Ids{kMarkA, kMarkA, 1, kMark, kB, 1}));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("a <extra_id_0> b").ids), "a b");
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("a <extra_id_0> b").ids, false), "a<extra_id_0> b</s>");
}

TEST(SentencePieceFolder, SentinelsMayBeInTheVocabularyOrFewer) {
  EXPECT_EQ(Folder(R"({"tokenizer_class": "T5Tokenizer", "extra_ids": 2})").load()->id_of("<extra_id_1>"),
            14);
  EXPECT_EQ(Folder(R"({"tokenizer_class": "T5Tokenizer", "extra_ids": 0})").load()->vocab_size(), 14);
  SentencePieceModel model = small_model();
  model.pieces.push_back({"\u2581<extra_id_0>", 0, SentencePiece::user_defined});
  const auto tokenizer = Folder(R"({"tokenizer_class": "MT5Tokenizer"})", model).load();
  EXPECT_EQ(tokenizer->vocab_size(), 15);
  EXPECT_EQ(tokenizer->encode("a <extra_id_0> b").ids, (Ids{kMarkA, 14, kMark, kB, 1}));
}

TEST(SentencePieceFolder, XlnetEndsInItsClass) {
  const auto tokenizer = Folder(R"({"tokenizer_class": "XLNetTokenizer"})").load();
  const Encoding one = tokenizer->encode("\u00e1 <eop> b");
  EXPECT_EQ(one.ids, (Ids{kMarkA, kMark, 9, kMark, kB, 4, 3}));  // <eop> is the model's own business
  EXPECT_EQ(one.type_ids.back(), 2);
  EXPECT_EQ(one.type_ids[5], 0);
  const Encoding two = tokenizer->encode_pair("a", "a");
  EXPECT_EQ(two.ids, (Ids{kMarkA, 4, kMarkA, 4, 3}));
  EXPECT_EQ(two.type_ids, (Ids{0, 0, 1, 1, 2}));
  EXPECT_EQ(tokenizer->special_ids().cls, 3);
  EXPECT_EQ(tokenizer->encode("A", {.special_tokens = false}).ids, (Ids{kMark, 0}));
}

TEST(SentencePieceFolder, AlbertIsLikeBert) {
  const auto tokenizer = Folder(R"({"tokenizer_class": "AlbertTokenizer"})").load();
  EXPECT_EQ(tokenizer->encode("A [MASK] b").ids, (Ids{5, kMarkA, 7, kMark, kB, 6}));
  const Encoding two = tokenizer->encode_pair("a", "a");
  EXPECT_EQ(two.ids, (Ids{5, kMarkA, 6, kMarkA, 6}));
  EXPECT_EQ(two.type_ids, (Ids{0, 0, 0, 1, 1}));
  EXPECT_EQ(tokenizer->special_ids().mask, 7);
  const Encoding mask = tokenizer->encode("a  [MASK]", {.special_tokens = false, .offsets = true});
  EXPECT_EQ(mask.offsets[1], (std::pair<uint32_t, uint32_t>(1, 9)));  // the blanks before it are its own
}

TEST(SentencePieceFolder, FlagsOfTheConfigurationCount) {
  const auto cased = Folder(R"({"tokenizer_class": "AlbertTokenizer", "do_lower_case": false})").load();
  EXPECT_EQ(cased->encode("A", {.special_tokens = false}).ids, (Ids{kMark, 0}));
  const auto accents = Folder(R"({"tokenizer_class": "XLNetTokenizer", "keep_accents": true})").load();
  EXPECT_EQ(accents->encode("\u00e1", {.special_tokens = false}).ids, (Ids{kMark, 0}));
  const auto named =
      Folder(R"({"tokenizer_class": "T5Tokenizer", "extra_ids": 0, "eos_token": "<sep>"})").load();
  EXPECT_EQ(named->encode("a <sep>").ids, (Ids{kMarkA, 4, 4}));
}

TEST(SentencePieceFolder, LlamaBeginsTexts) {
  SentencePieceModel model = small_model();
  model.rules.remove_extra_blanks = false;
  const auto tokenizer = Folder(R"({"tokenizer_class": "LlamaTokenizer"})", model).load();
  EXPECT_EQ(tokenizer->encode("a  b").ids, (Ids{8, kMarkA, kMark, kMark, kB}));
  EXPECT_EQ(tokenizer->encode_pair("a", "a").ids, (Ids{8, kMarkA, 8, kMarkA}));
  EXPECT_EQ(tokenizer->encode("a</s>a").ids, (Ids{8, kMarkA, 1, kMarkA}));
  const char* modern =
      R"({"tokenizer_class": "LlamaTokenizer", "legacy": false, "add_bos_token": false, "add_eos_token": true})";
  EXPECT_EQ(Folder(modern, model).load()->encode("a</s>a</s> a").ids, (Ids{kMarkA, 1, kA, 1, kMarkA, 1}));
}

TEST(SentencePieceFolder, TheModelTypeDecidesWhereNoClassIsNamed) {
  const Folder folder;
  write_file(folder / "config.json", R"({"model_type": "xlnet"})");
  EXPECT_EQ(folder.load()->encode("a").ids, (Ids{kMarkA, 4, 3}));
  write_file(folder / "tokenizer_config.json", R"({"tokenizer_class": "PreTrainedTokenizerFast"})");
  EXPECT_EQ(folder.load()->encode("a").ids, (Ids{kMarkA, 4, 3}));
  write_file(folder / "tokenizer_config.json", R"({"tokenizer_class": "ReformerTokenizer"})");
  EXPECT_EQ(folder.load()->encode("a").ids, (Ids{kMarkA}));
}

TEST(SentencePieceFolder, TokensMayBeAddedAfterThePieces) {
  const auto tokenizer =
      Folder(R"({"added_tokens_decoder": {"14": {"content": "<new>", "special": true, "rstrip": true}}})")
          .load();
  EXPECT_EQ(tokenizer->encode("a<new>  b").ids, (Ids{kMarkA, 14, kMark, kB}));
  EXPECT_EQ(tokenizer->piece_of(14), "<new>");
  EXPECT_EQ(tokenizer->decode(Ids{14, kB}), "b");
}

TEST(SentencePieceFolder, ListedTokensAreFoundWhereTheyArePieces) {
  const auto tokenizer =
      Folder(
          R"({"additional_special_tokens": ["<cls>", "<eop>", "<none>"], "extra_special_tokens": [{"content": "<sep>"}]})")
          .load();
  EXPECT_EQ(tokenizer->encode("a<cls>a<sep>").ids, (Ids{kMarkA, 3, kMarkA, 4}));
  EXPECT_EQ(tokenizer->encode("a<eop>a").ids, (Ids{kMarkA, 9, kA}));  // the model's own
}

std::string error_of(const std::string& config, const SentencePieceModel& model = small_model()) {
  const Folder folder(config, model);
  return test::error_of([&] { folder.load(); });
}

TEST(SentencePieceFolder, RefusesWhatDoesNotFit) {
  EXPECT_NE(error_of(R"({"tokenizer_class": "XLMRobertaTokenizer"})")
                .find("\"XLMRobertaTokenizer\" is not supported"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"tokenizer_class": "T5Tokenizer", "eos_token": "<end>"})")
                .find("lacks the special token \"<end>\""),
            std::string::npos);
  EXPECT_NE(error_of(R"({"tokenizer_class": "T5Tokenizer", "extra_ids": -1})").find("extra_ids"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"added_tokens_decoder": {"3": {"content": "<new>"}}})")
                .find("\"<new>\" has id 3, which is another piece's"),
            std::string::npos);
  EXPECT_NE(
      error_of(R"({"added_tokens_decoder": {"20": {"content": "<new>"}}})").find("has id 20, expected 14"),
      std::string::npos);
  SentencePieceModel model = small_model();
  model.rules.chars_map = "abcdefgh";
  EXPECT_NE(error_of("", model).find("the map of characters is damaged"), std::string::npos);
}

TEST(SentencePieceFolder, NamesABrokenModelFile) {
  const Folder folder;
  const std::string path = folder / "spiece.model";
  const std::string file = read_file(path, 1 << 20);
  write_file(path, file.substr(0, file.size() - 2));
  EXPECT_NE(test::error_of([&] { folder.load(); }).find(path + ": "), std::string::npos);
  std::filesystem::resize_file(path, (32 << 20) + 1);
  EXPECT_NE(test::error_of([&] { folder.load(); }).find(path + ": "), std::string::npos);
}

// tokenizer.json with a Unigram model, some of it changed.
Json unigram_json() {
  return parse_json(R"({
    "added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "</s>", "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}]},
    "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["</s>", 0], ["▁", -1], ["▁a", -2], ["b", -3]]}})",
                    "unigram_json");
}

std::string json_error(const Json& json) {
  const test::TempFolder folder;
  write_json(folder / "tokenizer.json", json);
  return test::error_of([&] { load_tokenizer(folder.path()); });
}

TEST(SentencePieceJson, ReadsAPipelineWithoutAMapOfCharacters) {
  const test::TempFolder folder;
  write_json(folder / "tokenizer.json", unigram_json());
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->encode("a \t b</s>b").ids, (Ids{3, 2, 4, 1, 2, 4}));
  Json json = unigram_json();
  json["pre_tokenizer"]["pretokenizers"][1]["prepend_scheme"] = "first";
  write_json(folder / "tokenizer.json", json);
  EXPECT_EQ(load_tokenizer(folder.path())->encode("b</s>b").ids, (Ids{2, 4, 1, 4}));
}

TEST(SentencePieceJson, RefusesWhatItDoesNotKnow) {
  const auto changed = [](const char* pointer, const Json& value) {
    Json json = unigram_json();
    json[Json::json_pointer(pointer)] = value;
    return json_error(json);
  };
  const std::pair<std::string, const char*> cases[] = {
      {changed("/normalizer", {{"type", "NFD"}}), "the normalizer \"NFD\" is not supported"},
      {changed("/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "AAA"}}), "cut short"},
      {changed("/normalizer", {{"type", "Replace"}, {"pattern", {{"String", "x"}}}, {"content", "y"}}),
       "this part is not supported with a SentencePiece model"},
      {changed("/pre_tokenizer/pretokenizers/1/type", "Punctuation"), "\"Punctuation\" is not supported"},
      {changed("/pre_tokenizer/pretokenizers/1/replacement", "_"), "this part is not supported"},
      {changed("/model/unk_id", nullptr), "unk_id"},
      {changed("/model/unk_id", 99), "there is no unknown piece"},
      {changed("/model/vocab", Json::object()), "\"vocab\" must be a list"},
      {changed("/model/vocab/2", Json::array({"x"})), "piece 2 must be a text and its score"},
      {changed("/model/vocab/2/0", "b"), "is there twice"},
      {changed("/model/vocab/2/1", 1e300), "the score of piece 2"},
      {changed("/model/byte_fallback", true), "byte_fallback needs pieces of all 256 bytes"},
  };
  for (const auto& [error, message] : cases) EXPECT_NE(error.find(message), std::string::npos) << error;
}

}  // namespace
}  // namespace frugal
