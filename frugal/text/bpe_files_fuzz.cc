// Any bytes as vocab.json, a NUL byte, merges.txt: a clear Error, or a tokenizer whose parts hang together.
#include <cstdint>
#include <cstdlib>

#include "frugal/base/error.h"
#include "frugal/text/bpe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace frugal;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(all.find('\0'), all.size());
  try {
    BpeSpec spec;
    spec.pieces = pieces_by_id(parse_json_apart(all.substr(0, end), "fuzz", {}).members, {}, "fuzz");
    const PieceIds ids(spec.pieces);
    for (size_t id = 0; id < spec.pieces.size(); ++id)
      if (ids.find(spec.pieces[id]) != static_cast<int32_t>(id)) std::abort();
    spec.merges = parse_merges_txt(all.substr(std::min(end + 1, all.size())), ids, "fuzz");
    const Bpe bpe(spec);
    const std::string word = "abcabc aabbcc \xc4\xa0xyz";
    std::vector<int32_t> found;
    bpe.append(word, word.data() + word.size(), found, nullptr);
    for (const int32_t id : found)
      if (id < 0 || id >= static_cast<int32_t>(spec.pieces.size())) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
