// Any bytes as a config.json: refused by an Error, or read, asked for every kind of value, and written back
// to the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "frugal/base/error.h"
#include "frugal/io/json_parsers.h"

namespace {

template <class Call>
void may_fail(Call&& call) {
  try {
    call();
  } catch (const frugal::Error&) {
  }
}

// What the quick parser takes, the careful one takes too, and to the same document.
void require_parsers_agree(std::string_view text) {
  const frugal::JsonLimits limits{.bytes = 1 << 16, .depth = 16};
  const auto quick = frugal::parse_json_quickly(text, nullptr, limits);
  if (quick && quick->json != frugal::parse_json_carefully(text, "fuzz", limits)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace frugal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size <= 1 << 16) require_parsers_agree(text);
  may_fail([&] {
    const Json json = parse_json(text, "fuzz", {.bytes = 1 << 16, .depth = 16});
    if (parse_json(to_text(json), "again") != json) std::abort();
    if (!json.is_object()) return;
    for (const auto& [key, value] : json.items()) {
      may_fail([&, &key = key] { get_int_or(json, key, "fuzz", 1, {0, 1000}); });
      may_fail([&, &key = key] { get_double_or(json, key, "fuzz", 1); });
      may_fail([&, &key = key] { get_bool_or(json, key, "fuzz", true); });
      may_fail([&, &key = key] { get_string_or(json, key, "fuzz", ""); });
      may_fail([&, &key = key] { get_strings(json, key, "fuzz"); });
      may_fail([&, &key = key] { get_object(json, key, "fuzz"); });
    }
  });
  return 0;
}
