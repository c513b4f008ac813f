// Readers and writer of byte-level BPE's files, and the choice of a reader.
#include <gtest/gtest.h>

#include <filesystem>

#include "frugal/io/file.h"
#include "frugal/io/hostile.h"
#include "frugal/text/bpe_tokenizer.h"

namespace frugal {
namespace {

TEST(Hostile, BpeVocabulariesAreRefused) {
  test::expect_refused("bpe_vocab", [](const auto& path) { read_vocab_json(path, {}); });
}

TEST(Hostile, BpeMergesAreRefused) {
  const std::vector<std::string> pieces = {"a", "b", "c", "ab", "abc"};
  test::expect_refused("bpe_merges", [&](const auto& path) {
    parse_merges_txt(read_file(path, 1 << 20), PieceIds(pieces), path);
  });
}

TEST(Hostile, TokenizerJsonIsRefused) {
  test::expect_refused("tokenizer_json", [](const auto& path) {
    BpeTokenizer(parse_bpe_json(parse_tokenizer_json(read_file(path, 1 << 20), path), path));
  });
}

const std::string kVocab = R"({"a": 0, "b": 1, "\u0120": 2, "ab": 3, "\u0120ab": 4, "<|endoftext|>": 5})";
const std::string kRobertaVocab =
    R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "\u0120": 6, "ab": 7, "<mask>": 8})";

class BpeFiles : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view bytes) const { write_file(folder_ / name, bytes); }
  std::shared_ptr<const Tokenizer> load() const { return load_tokenizer(folder_.path()); }
  std::vector<int32_t> ids(std::string_view text) const { return load()->encode(text).ids; }
  using Ids = std::vector<int32_t>;

  test::TempFolder folder_;
};

TEST_F(BpeFiles, Gpt2) {
  write("vocab.json", kVocab);
  write("merges.txt", "#version: 0.2\r\na b\r\n\r\n\u0120 ab");
  EXPECT_EQ(ids("ab ab"), (Ids{3, 4}));
  EXPECT_EQ(ids("ab<|endoftext|>a"), (Ids{3, 5, 0}));
  EXPECT_EQ(load()->encode_pair("a", "b").type_ids, (Ids{0, 1}));
  EXPECT_EQ(load()->special_ids().eos, 5);
  EXPECT_EQ(load()->model_max_length(), 0);
  write("tokenizer_config.json", R"({"add_prefix_space": true, "add_bos_token": true, "model_max_length": 9,
        "eos_token": {"content": "\u0120ab"}, "unk_token": null, "tokenizer_class": "GPT2TokenizerFast"})");
  EXPECT_EQ(ids("ab"), (Ids{5, 4}));
  EXPECT_EQ(load()->encode_pair("a", "b").ids, (Ids{5, 2, 0, 5, 2, 1}));
  EXPECT_EQ(load()->special_ids().eos, 4);
  EXPECT_EQ(load()->special_ids().unk, -1);
  EXPECT_EQ(load()->model_max_length(), 9);
}

TEST_F(BpeFiles, RobertaIsKnownByItsTokens) {
  write("vocab.json", kRobertaVocab);
  write("merges.txt", "a b\n");
  EXPECT_EQ(ids("ab <mask>"), (Ids{0, 7, 8, 2}));  // the mask takes the blank along
  EXPECT_EQ(load()->encode_pair("a", "b").ids, (Ids{0, 4, 2, 2, 5, 2}));
  const Encoding encoding = load()->encode(" ab ", {.offsets = true});
  EXPECT_EQ(encoding.ids, (Ids{0, 6, 7, 6, 2}));
  EXPECT_EQ(encoding.offsets[1], (std::pair<uint32_t, uint32_t>{1, 1}));  // offsets leave blanks out
  // Flags that are written down count.
  write("special_tokens_map.json", R"({"mask_token": {"content": "<mask>", "lstrip": false}})");
  EXPECT_EQ(ids("a <mask>"), (Ids{0, 4, 6, 8, 2}));
  write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  EXPECT_EQ(ids("ab"), (Ids{7}));
  write("tokenizer_config.json", R"({"tokenizer_class": "CTRLTokenizer"})");
  EXPECT_ERROR(load(), "tokenizer_config.json: the tokenizer \"CTRLTokenizer\"");
}

TEST_F(BpeFiles, AddedTokensContinueTheVocabulary) {
  write("vocab.json", R"({"a": 0, "b": 1, "ab": 3})");
  write("merges.txt", "a b\n");
  write("added_tokens.json", R"({"<x>": 2})");
  write("tokenizer_config.json",
        R"({"added_tokens_decoder": {"4": {"content": "<y>", "special": true, "rstrip": true}}})");
  EXPECT_EQ(ids("ab<x>a<y>  b"), (Ids{3, 2, 0, 4, 1}));
  EXPECT_EQ(load()->decode(Ids{3, 2, 4, 1}), "ab<x>b");
  EXPECT_EQ(load()->decode(Ids{3, 4}, false), "ab<y>");
  EXPECT_ERROR(load()->decode(Ids{5}), "token id 5 is out of range; the vocabulary has 5");
  write("added_tokens.json", R"({"<x>": 7})");
  EXPECT_ERROR(load(), "no piece has id 2");
}

TEST_F(BpeFiles, WhatIsMissingIsNamed) {
  EXPECT_ERROR(load(), "there is neither tokenizer.json nor vocab.txt");
  write("vocab.json", kVocab);
  EXPECT_ERROR(load(), "merges.txt: no such file");
  std::filesystem::remove(folder_ / "vocab.json");
  write("merges.txt", "a b\n");
  EXPECT_ERROR(load(), "vocab.json: no such file");
  write("vocab.json", kVocab);
  write("tokenizer_config.json", R"({"tokenizer_class": "RobertaTokenizer"})");
  EXPECT_ERROR(load(), "lacks the cls_token \"<s>\"");
  EXPECT_ERROR(load_tokenizer(folder_ / "none"), "no such folder");
}

TEST_F(BpeFiles, TokenizerJsonForms) {
  Json json =
      parse_json(R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
                             "decoder": {"type": "ByteLevel"}, "model": {"merges": ["a b", ["\u0120", "ab"]]}})",
                 "x");
  json["model"]["vocab"] = parse_json(kVocab, "x");
  const auto expect = [&](const std::string& text, const Ids& expected) {
    write("tokenizer.json", to_text(json));
    EXPECT_EQ(ids(text), expected) << to_text(json);
  };
  expect("ab ab", {3, 4});  // without the model's type, as early files are
  json["model"]["type"] = "BPE";
  expect("a\u00e9b", {3});  // unknown bytes vanish
  json["model"]["unk_token"] = "<|endoftext|>";
  expect("a\u00e9", {0, 5, 5});
  json["model"]["fuse_unk"] = true;
  expect("a\u00e9", {0, 5});
  json["pre_tokenizer"]["use_regex"] = false;
  expect("b ab", {1, 4});
  const Json split = parse_json(
      R"({"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex":
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"}})",
      "x");
  json["pre_tokenizer"] =
      Json::object({{"type", "Sequence"}, {"pretokenizers", Json::array({split, json["pre_tokenizer"]})}});
  expect("b ab", {1, 4});
  json["decoder"] = nullptr;
  write("tokenizer.json", to_text(json));
  EXPECT_EQ(load()->decode(Ids{4, 0}), "\u0120ab a");
}

TEST_F(BpeFiles, WhatIsWrittenReadsTheSame) {
  for (const std::string_view name : {"gpt2", "roberta", "roberta_prefix", "llama3", "qwen2"}) {
    const std::string cases = FRUGAL_SOURCE_DIR "/tests/cases/bpe/";
    const std::string from = cases + std::string(name);
    const BpeSpec spec = read_bpe_folder(from, name == "gpt2" ? TokenizerJson() : load_tokenizer_json(from));
    write_bpe_folder(folder_.path(), spec);
    const BpeTokenizer expected(spec);
    const auto by_json = load();
    // Llama 3's class has no other files.
    if (name != "llama3") std::filesystem::remove(folder_ / "tokenizer.json");
    const auto by_files = load();
    for (const auto& tokenizer : {by_json, by_files})
      for (const Json& item : load_json(cases + "texts.json")) {
        const auto text = item.get<std::string>();
        const Encoding a = tokenizer->encode_pair(text, "<mask> x", {.offsets = true}),
                       b = expected.encode_pair(text, "<mask> x", {.offsets = true});
        EXPECT_EQ(a.ids, b.ids) << text;
        EXPECT_EQ(a.type_ids, b.type_ids);
        EXPECT_EQ(a.offsets, b.offsets) << text;
        EXPECT_EQ(tokenizer->decode(a.ids), expected.decode(a.ids));
      }
    EXPECT_EQ(by_files->special_ids().mask, expected.special_ids().mask);
  }
}

}  // namespace
}  // namespace frugal
