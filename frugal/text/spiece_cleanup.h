// What XLNet's and ALBERT's published code does to a text before SentencePiece sees it.
//
// preprocess_text of prepro_utils.py (github.com/zihangdai/xlnet) and tokenization.py
// (github.com/google-research/albert; the quotes are XLNet's, and Transformers gives them to ALBERT too).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

struct CleanupRules {
  bool collapse_blanks = false;  // "remove_space": one blank between words, none at the ends
  bool quotes = false;           // `` and '' become "
  bool strip_accents = false;    // not "keep_accents": NFKD without combining characters
  bool lower_case = false;       // "do_lower_case"

  bool any() const { return collapse_blanks || quotes || strip_accents || lower_case; }
};

// Sets `out`; and `origins`, unless null: for each byte of it, where in the text the character starts that it
// came from, and where the last one ends. Broken bytes read as U+FFFD. Any thread may call.
void clean_up(std::string_view text, const CleanupRules& rules, std::string& out,
              std::vector<uint32_t>* origins);

// A piece like "2000,": encode_pieces of their code splits it again.
bool ends_in_digit_and_comma(std::string_view piece);

}  // namespace frugal
