#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/text/wordpiece_tokenizer.h"

namespace frugal {
namespace {

const std::string kCases = FRUGAL_SOURCE_DIR "/tests/cases/wordpiece/";

class WordPieceFiles : public testing::Test {
 protected:
  WordPieceFiles() {
    std::string name = testing::TempDir() + "wordpiece-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~WordPieceFiles() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, std::string_view bytes) const {
    write_file(folder_ + "/" + name, bytes);
  }

  // The message of the one error that loading gives.
  std::string error() const {
    try {
      load_tokenizer(folder_);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  void expect_error(const std::string& part) const {
    EXPECT_NE(error().find(part), std::string::npos) << error() << "\nlacks: " << part;
  }

  std::string folder_;
};

const std::string kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\nHi\nhi\n";

Json small_json() {
  Json json = parse_json(R"({
    "added_tokens": [{"id": 1, "content": "[CLS]", "special": true}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                   "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3}}})",
                         "small");
  return json;
}

class WordPieceJson : public WordPieceFiles {
 protected:
  Json json_ = small_json();
  void expect_json_error(const std::string& part) const {
    write("tokenizer.json", to_text(json_));
    expect_error(part);
    EXPECT_NE(error().find("tokenizer.json"), std::string::npos) << error();
  }
};

TEST_F(WordPieceFiles, VocabTxtAlone) {
  write("vocab.txt", kVocab);
  const auto tokenizer = load_tokenizer(folder_);
  EXPECT_EQ(tokenizer->vocab_size(), 9);
  EXPECT_EQ(tokenizer->encode("AB Hi").ids, (std::vector<int32_t>{2, 5, 6, 8, 3}));
  EXPECT_EQ(tokenizer->model_max_length(), 0);
}

TEST_F(WordPieceFiles, ConfigurationIsObeyed) {
  write("vocab.txt", kVocab + "<start>\n<end>\n");
  write("tokenizer_config.json", R"({"do_lower_case": false, "model_max_length": 17, "cls_token": "<start>",
        "sep_token": {"content": "<end>", "lstrip": false},
        "added_tokens_decoder": {"11": {"content": "<new>", "lstrip": true, "special": false}}})");
  const auto tokenizer = load_tokenizer(folder_);
  EXPECT_EQ(tokenizer->encode("Hi  <new> hi").ids, (std::vector<int32_t>{9, 7, 11, 8, 10}));
  EXPECT_EQ(tokenizer->model_max_length(), 17);
  EXPECT_EQ(tokenizer->special_ids().sep, 10);
  write("tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_EQ(load_tokenizer(folder_)->model_max_length(), 0);
}

TEST(VocabTxt, LineEnds) {
  EXPECT_EQ(parse_vocab_txt("a\nb\r\nc\rd"), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(parse_vocab_txt("a\n\nb\n"), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_TRUE(parse_vocab_txt("").empty());
}

TEST_F(WordPieceFiles, BadVocabTxt) {
  expect_error("neither tokenizer.json nor vocab.txt");
  write("vocab.txt", "");
  expect_error("vocab.txt: the vocabulary is empty");
  write("vocab.txt", kVocab + "a\n");
  expect_error("\"a\" is there twice, with ids 5 and 9");
  write("vocab.txt", "[CLS]\n[SEP]\na\n");
  expect_error("lacks the unknown token \"[UNK]\"");
  write("vocab.txt", "[UNK]\n[SEP]\na\n");
  expect_error("lacks the special token \"[CLS]\"");
  write("vocab.txt", kVocab + "\xff\n");
  expect_error("piece 9 is not UTF-8");
  write("vocab.txt", kVocab);
  write("tokenizer_config.json", R"({"do_lower_case": "yes"})");
  expect_error("tokenizer_config.json: \"do_lower_case\" must be true or false");
  write("tokenizer_config.json", R"({"word_tokenizer_type": "mecab"})");
  expect_error("\"mecab\" is not supported");
}

TEST_F(WordPieceFiles, NoFolder) { EXPECT_THROW(load_tokenizer(folder_ + "/none"), Error); }

TEST_F(WordPieceJson, GoodOne) {
  write("tokenizer.json", to_text(json_));
  EXPECT_EQ(load_tokenizer(folder_)->encode("A b").ids, (std::vector<int32_t>{1, 3, 0, 2}));
}

TEST_F(WordPieceJson, Truncated) {
  const std::string text = to_text(json_);
  for (size_t size = 0; size < text.size(); size += 7) {
    write("tokenizer.json", text.substr(0, size));
    EXPECT_NE(error(), "no error");
  }
  write("tokenizer.json", text.substr(0, text.size() / 2));
  expect_error("is not valid JSON");
}

TEST_F(WordPieceJson, OtherModelsAreNamed) {
  json_["model"]["type"] = "WordLevel";
  expect_json_error("the model type \"WordLevel\" is not supported");
}

TEST_F(WordPieceJson, OtherPartsAreNamed) {
  json_["normalizer"]["type"] = "NFKC";
  expect_json_error("the normalizer \"NFKC\" is not supported");
  json_ = small_json();
  json_["pre_tokenizer"]["type"] = "Metaspace";
  expect_json_error("the pre-tokenizer \"Metaspace\"");
  json_["pre_tokenizer"] = nullptr;
  expect_json_error("the pre-tokenizer null");
  json_ = small_json();
  json_["decoder"]["type"] = "ByteLevel";
  expect_json_error("the decoder \"ByteLevel\"");
  json_ = small_json();
  json_["post_processor"]["type"] = "ByteLevel";
  expect_json_error("the post-processor \"ByteLevel\"");
}

TEST_F(WordPieceJson, BadIds) {
  json_["model"]["vocab"]["a"] = 4;
  expect_json_error("\"a\" has id 4; with 4 pieces ids must be 0 to 3, without gaps");
  json_["model"]["vocab"]["a"] = -1;
  expect_json_error("has id -1");
  json_["model"]["vocab"]["a"] = "3";
  expect_json_error("has id \"3\"");
  json_["model"]["vocab"]["a"] = 2;
  expect_json_error("both have id 2");
  write("tokenizer.json", R"({"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1, "a": 2}}})");
  expect_error("the key \"a\" is given twice");
  json_["model"]["vocab"] = Json::object();
  expect_json_error("the vocabulary is empty");
  json_["model"].erase("vocab");
  expect_json_error("\"vocab\" is missing");
}

TEST_F(WordPieceJson, TemplatesMustHoldEachTextOnce) {
  const Json a = parse_json(R"({"Sequence": {"id": "A", "type_id": 0}})", "a");
  json_["post_processor"] = {
      {"type", "TemplateProcessing"}, {"single", Json::array({a, a})}, {"pair", Json::array({a})}};
  expect_json_error("the template \"single\" must hold each text once");
  json_["post_processor"]["single"] = Json::array({a});
  expect_json_error("the template \"pair\" must hold each text once");
  json_["post_processor"]["single"] =
      Json::array({a, parse_json(R"({"SpecialToken": {"id": "[X]", "type_id": 0}})", "x")});
  json_["post_processor"]["special_tokens"] = Json::object();
  expect_json_error("\"[X]\" is missing");
}

TEST_F(WordPieceFiles, WhatIsWrittenReadsTheSame) {
  const auto from = read_wordpiece_folder(kCases + "uncased");
  WordPieceSpec settings = from;
  settings.rules.strip_accents = false;
  write_wordpiece_folder(folder_, from.pieces, settings);
  const std::string text = "Written \u00e9 [MASK] \u4e2d\u6587 unaffable!";
  const WordPieceTokenizer expected(settings);
  const auto by_json = load_tokenizer(folder_);
  std::filesystem::remove(folder_ + "/tokenizer.json");
  const auto by_txt = load_tokenizer(folder_);
  for (const auto& tokenizer : {by_json, by_txt}) {
    EXPECT_EQ(tokenizer->encode(text).ids, expected.encode(text).ids);
    EXPECT_EQ(tokenizer->encode_pair(text, text).type_ids, expected.encode_pair(text, text).type_ids);
    EXPECT_EQ(tokenizer->model_max_length(), 512);
    EXPECT_EQ(tokenizer->special_ids().mask, 103);
  }
}

TEST_F(WordPieceFiles, WriterRefusesWhatNobodyCouldRead) {
  WordPieceSpec settings;
  EXPECT_THROW(write_wordpiece_folder(folder_, {"[UNK]", "[CLS]"}, settings), Error);
  const std::vector<std::string> pieces = {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"};
  std::vector<std::string> line_end = pieces;
  line_end.push_back("a\nb");
  EXPECT_THROW(write_wordpiece_folder(folder_, line_end, settings), Error);
  EXPECT_NO_THROW(write_wordpiece_folder(folder_, pieces, settings));
}

}  // namespace
}  // namespace frugal
