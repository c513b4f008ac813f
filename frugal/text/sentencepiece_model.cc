#include "frugal/text/sentencepiece_model.h"

#include <fmt/format.h>

#include <bitset>
#include <cmath>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/io/protobuf_reader.h"

namespace frugal {
namespace {

// Published vocabularies have up to a million pieces of up to some hundred bytes.
constexpr size_t kMostPieces = size_t{1} << 22, kMostPieceBytes = 1024;

SentencePiece read_piece(ProtobufReader message, size_t id, const std::string& where) {
  SentencePiece piece;
  uint64_t type = SentencePiece::normal;
  while (message.next()) {
    if (message.field() == 1) {
      if (message.bytes().size() > kMostPieceBytes)
        throw Error(where, fmt::format("piece {} has {} bytes; {} are allowed", id, message.bytes().size(),
                                       kMostPieceBytes));
      piece.text = message.bytes();
    } else if (message.field() == 2) {
      piece.score = message.number();
    } else if (message.field() == 3) {
      type = message.integer();
    }
  }
  if (type < SentencePiece::normal || type > SentencePiece::byte)
    throw Error(where, fmt::format("piece {} has the unknown type {}", id, type));
  piece.type = static_cast<SentencePiece::Type>(type);
  return piece;
}

void read_trainer(ProtobufReader message, SentencePieceModel& model, const std::string& where) {
  while (message.next()) {
    switch (message.field()) {
      case 3:
        if (message.integer() != SentencePieceModel::unigram && message.integer() != SentencePieceModel::bpe)
          throw Error(where, fmt::format("models of type {} are not supported", message.integer()),
                      "unigram (1) and BPE (2) are");
        model.kind = static_cast<SentencePieceModel::Kind>(message.integer());
        break;
      case 24:
        model.rules.blank_suffix = message.boolean();
        break;
      case 35:
        model.byte_fallback = message.boolean();
        break;
      case 44:
        model.unknown_surface = message.bytes();
        break;
      case 45:
        model.unknown_name = message.bytes();
        break;
      case 46:
        model.begin_name = message.bytes();
        break;
      case 47:
        model.end_name = message.bytes();
        break;
      case 48:
        model.pad_name = message.bytes();
        break;
      default:
        break;  // how it was trained
    }
  }
}

void read_rules(ProtobufReader message, SentencePieceRules& rules) {
  while (message.next()) {
    if (message.field() == 2) rules.chars_map = message.bytes();
    if (message.field() == 3) rules.dummy_prefix = message.boolean();
    if (message.field() == 4) rules.remove_extra_blanks = message.boolean();
    if (message.field() == 5) rules.escape_blanks = message.boolean();
  }
}

}  // namespace

int byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const size_t high = kDigits.find(piece[3]), low = kDigits.find(piece[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return -1;
  return static_cast<int>(high * 16 + low);
}

void check_sentencepiece_model(SentencePieceModel& model, const std::string& where) {
  if (model.pieces.empty()) throw Error(where, "there are no pieces");
  std::bitset<256> bytes;
  model.unknown_id = -1;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (piece.text.empty()) throw Error(where, fmt::format("piece {} is empty", id));
    if (!std::isfinite(piece.score))
      throw Error(where,
                  fmt::format("the score of piece {}, {}, is {}", id, in_quotes(piece.text), piece.score));
    if (piece.type == SentencePiece::unknown) {
      if (model.unknown_id >= 0)
        throw Error(where, fmt::format("pieces {} and {} are both unknown ones", model.unknown_id, id));
      model.unknown_id = static_cast<int32_t>(id);
    }
    if (piece.type == SentencePiece::byte) {
      const int byte = byte_of_piece(piece.text);
      if (byte < 0) throw Error(where, fmt::format("piece {}, {}, is no byte", id, in_quotes(piece.text)));
      if (!model.byte_fallback)
        throw Error(where, fmt::format("piece {} is a byte, but byte_fallback is off", id));
      bytes.set(static_cast<size_t>(byte));
    }
  }
  if (model.unknown_id < 0) throw Error(where, "there is no unknown piece");
  if (model.byte_fallback && !bytes.all())
    throw Error(where,
                fmt::format("byte_fallback needs pieces of all 256 bytes, there are {}", bytes.count()));
}

SentencePieceModel parse_sentencepiece_model(std::string_view file, const std::string& where) {
  SentencePieceModel model;
  for (ProtobufReader message(file, where); message.next();) {
    if (message.field() == 1) {
      if (model.pieces.size() == kMostPieces)
        throw Error(where, fmt::format("there are more than {} pieces", kMostPieces));
      model.pieces.push_back(read_piece(message.message(), model.pieces.size(), where));
    } else if (message.field() == 2) {
      read_trainer(message.message(), model, where);
    } else if (message.field() == 3) {
      read_rules(message.message(), model.rules);
    } else if (message.field() == 5) {
      read_rules(message.message(), model.decode_rules.emplace());
    }
  }
  check_sentencepiece_model(model, where);
  if (model.decode_rules && model.decode_rules->chars_map.empty()) model.decode_rules.reset();
  return model;
}

}  // namespace frugal
