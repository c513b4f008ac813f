// Which family's code stands around a SentencePiece model, and how it calls its tokens.
#pragma once

#include <string>

#include "frugal/text/tokenizer_config.h"

namespace frugal {

// plain: the model alone.
enum class SentencePieceFamily { plain, t5, xlnet, albert, reformer, llama };

// By "tokenizer_class" of tokenizer_config.json (`config`), else "model_type" of config.json. Throws on a
// class that is none of them.
SentencePieceFamily sentencepiece_family(const std::string& folder, const Json& config);

// What a family calls its tokens where its files are silent.
NamedTokens named_tokens_of(SentencePieceFamily family);

}  // namespace frugal
