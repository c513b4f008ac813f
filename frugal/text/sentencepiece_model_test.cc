#include "frugal/text/sentencepiece_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"
#include "frugal/text/sentencepiece_tokenizer.h"
#include "frugal/text/testing.h"

namespace frugal {
namespace {

using test::model_bytes;
using test::model_of;
using test::ProtobufWriter;

SentencePieceModel small() { return model_of(SentencePieceModel::unigram, {"\u2581", "a", "b", "ab"}); }

TEST(SentencePieceModel, ReadsWhatTheFileSays) {
  SentencePieceModel model = small();
  model.kind = SentencePieceModel::bpe;
  model.rules = {"", false, false, false, true};
  std::string file = model_bytes(model);
  file +=
      ProtobufWriter()
          .bytes(2,
                 ProtobufWriter().bytes(44, "?").bytes(45, "[UNK]").bytes(46, "[B]").bytes(47, "[E]").text())
          .bytes(4, "self test data, which is left alone")
          .text();
  const SentencePieceModel read = parse_sentencepiece_model(file, "m");
  ASSERT_EQ(read.pieces.size(), 6u);
  EXPECT_EQ(read.pieces[5].text, "ab");
  EXPECT_EQ(read.pieces[5].score, -4);
  EXPECT_EQ(read.pieces[1].type, SentencePiece::control);
  EXPECT_EQ(read.unknown_id, 0);
  EXPECT_EQ(read.kind, SentencePieceModel::bpe);
  EXPECT_FALSE(read.rules.dummy_prefix || read.rules.remove_extra_blanks || read.rules.escape_blanks);
  EXPECT_TRUE(read.rules.blank_suffix);
  EXPECT_EQ(read.unknown_surface, "?");
  EXPECT_EQ(read.unknown_name + read.begin_name + read.end_name + read.pad_name, "[UNK][B][E]<pad>");
}

std::string refusal(const std::string& file) {
  return test::error_of([&] { parse_sentencepiece_model(file, "m.model"); });
}

void expect_refusal(const std::string& file, const std::string& message) {
  const std::string error = refusal(file);
  EXPECT_TRUE(error.starts_with("m.model: ")) << error;
  EXPECT_NE(error.find(message), std::string::npos) << error;
}

TEST(SentencePieceModel, RefusesWhatIsNoModel) {
  expect_refusal("", "there are no pieces");
  expect_refusal("version https://git-lfs.github.com/spec/v1\n", "damaged, cut short or of another kind");
  SentencePieceModel model = small();
  model.pieces[3].text = "";
  expect_refusal(model_bytes(model), "piece 3 is empty");
  model = small();
  model.pieces[3].text = std::string(1025, 'x');
  expect_refusal(model_bytes(model), "piece 3 has 1025 bytes; 1024 are allowed");
  model = small();
  model.pieces[0].type = SentencePiece::normal;
  expect_refusal(model_bytes(model), "there is no unknown piece");
  model = small();
  model.pieces[2].type = SentencePiece::unknown;
  expect_refusal(model_bytes(model), "pieces 0 and 2 are both unknown ones");
  for (const float score : {std::nanf(""), INFINITY, -INFINITY}) {
    model = small();
    model.pieces[3].score = score;
    expect_refusal(model_bytes(model), "the score of piece 3, \"a\", is");
  }
  model = small();
  model.pieces[3].type = static_cast<SentencePiece::Type>(9);
  expect_refusal(model_bytes(model), "piece 3 has the unknown type 9");
  model = small();
  model.kind = static_cast<SentencePieceModel::Kind>(4);
  expect_refusal(model_bytes(model), "models of type 4 are not supported");
}

TEST(SentencePieceModel, BytesAreAllThereOrNone) {
  SentencePieceModel model = small();
  const auto add_bytes = [&](int count) {
    for (int byte = 0; byte < count; ++byte)
      model.pieces.push_back({fmt::format("<0x{:02X}>", byte), 0, SentencePiece::byte});
  };
  add_bytes(256);
  expect_refusal(model_bytes(model), "piece 6 is a byte, but byte_fallback is off");
  model.byte_fallback = true;
  EXPECT_EQ(parse_sentencepiece_model(model_bytes(model), "m").pieces.size(), 262u);
  model.pieces.pop_back();
  expect_refusal(model_bytes(model), "byte_fallback needs pieces of all 256 bytes, there are 255");
  model.pieces.push_back({"<0xGG>", 0, SentencePiece::byte});
  expect_refusal(model_bytes(model), "piece 261, \"<0xGG>\", is no byte");
  EXPECT_EQ(byte_of_piece("<0xA0>"), 160);
  EXPECT_EQ(byte_of_piece("<0xa0>"), -1);
  EXPECT_EQ(byte_of_piece("<0xA0>x"), -1);
}

TEST(SentencePieceModel, ACutFileIsNoOtherModel) {
  const std::string file =
      read_file(FRUGAL_SOURCE_DIR "/tests/cases/sentencepiece/bpe_bytes/spiece.model", 1 << 20);
  const size_t pieces = parse_sentencepiece_model(file, "m").pieces.size();
  // A cut between two fields cannot be seen; it must be between two pieces then, and bytes lack.
  for (size_t size = 0; size < file.size(); size += 7) {
    try {
      EXPECT_EQ(parse_sentencepiece_model(file.substr(0, size), "m").pieces.size(), pieces) << size;
      EXPECT_GT(size, file.size() / 2);
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("m: ")) << error.what();
    }
  }
}

TEST(SentencePieceModel, TheTokenizerRefusesTwins) {
  const auto refuse = [](const std::vector<std::string>& pieces) {
    return test::error_of([&] {
      SentencePieceSpec spec;
      spec.where = "m.model";
      spec.model = model_of(SentencePieceModel::unigram, pieces);
      SentencePieceTokenizer(std::move(spec));
    });
  };
  EXPECT_NE(refuse({"a", "b", "a"}).find("m.model: the piece \"a\" is there twice, with ids 2 and 4"),
            std::string::npos);
  EXPECT_NE(refuse({"a\xff"}).find("m.model: piece 2 is not UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace frugal
