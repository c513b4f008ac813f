// Helpers of tests and fuzz targets of tokenizers; nothing here is part of the library.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/sentencepiece_model.h"

namespace frugal::test {

// Writes the wire format of protocol buffers.
class ProtobufWriter {
 public:
  ProtobufWriter& integer(uint32_t field, uint64_t value) {
    varint(field << 3 | 0);
    varint(value);
    return *this;
  }
  ProtobufWriter& number(uint32_t field, float value) {
    varint(field << 3 | 5);
    char bytes[4];
    std::memcpy(bytes, &value, 4);  // tests run on little-endian machines
    text_.append(bytes, 4);
    return *this;
  }
  ProtobufWriter& bytes(uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    text_ += value;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
  }

  std::string text_;
};

inline std::string piece_bytes(const SentencePiece& piece) {
  return ProtobufWriter().bytes(1, piece.text).number(2, piece.score).integer(3, piece.type).text();
}

// A model's file; its decode_rules and unknown_surface are left out.
inline std::string model_bytes(const SentencePieceModel& model) {
  ProtobufWriter file;
  for (const SentencePiece& piece : model.pieces) file.bytes(1, piece_bytes(piece));
  const SentencePieceRules& rules = model.rules;
  file.bytes(2, ProtobufWriter()
                    .integer(3, model.kind)
                    .integer(24, rules.blank_suffix)
                    .integer(35, model.byte_fallback)
                    .text());
  file.bytes(3, ProtobufWriter()
                    .bytes(2, rules.chars_map)
                    .integer(3, rules.dummy_prefix)
                    .integer(4, rules.remove_extra_blanks)
                    .integer(5, rules.escape_blanks)
                    .text());
  return file.text();
}

// <unk>, </s> and these; scores -1, -2, ... in their order, so that BPE merges the first ones first.
inline SentencePieceModel model_of(SentencePieceModel::Kind kind, const std::vector<std::string>& pieces) {
  SentencePieceModel model;
  model.kind = kind;
  model.pieces = {{"<unk>", 0, SentencePiece::unknown}, {"</s>", 0, SentencePiece::control}};
  for (const std::string& piece : pieces)
    model.pieces.push_back({piece, -1 - static_cast<float>(model.pieces.size() - 2), SentencePiece::normal});
  check_sentencepiece_model(model, "test");
  return model;
}

}  // namespace frugal::test
