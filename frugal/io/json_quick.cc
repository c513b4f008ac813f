// The quick parser: simdjson's.
#include <simdjson.h>

#include <bit>
#include <functional>

#include "frugal/io/json_parsers.h"

namespace frugal {
namespace {

namespace dom = simdjson::dom;

// Makes a document of simdjson's; false: parse_json_quickly gives up.
class Builder {
 public:
  Builder(const JsonPath* apart, const JsonLimits& limits) : apart_(apart), limits_(limits) {}

  std::optional<JsonApart> build(dom::element root) {
    JsonApart out;
    members_ = &out.members;
    if (!build(root, {.depth = 0, .steps = apart_ ? 0 : kOff}, out.json)) return std::nullopt;
    return out;
  }

 private:
  static constexpr int kOff = -1;
  struct Place {
    int depth;  // arrays and objects around the value
    int steps;  // how many keys of the path lead there; kOff: it lies beside the path
    Place element() const { return {depth + 1, kOff}; }
  };

  bool build(dom::element from, Place place, Json& to) {
    switch (from.type()) {
      case dom::element_type::OBJECT:
        return build_object(from, place, to);
      case dom::element_type::ARRAY:
        return build_array(from, place, to);
      case dom::element_type::STRING:
        to = std::string_view(from);
        return true;
      case dom::element_type::INT64:  // nlohmann's parser takes only negative ones as signed
        if (const auto value = int64_t(from); value < 0)
          to = value;
        else
          to = static_cast<uint64_t>(value);
        return true;
      case dom::element_type::UINT64:
        to = uint64_t(from);
        return true;
      case dom::element_type::DOUBLE:
        to = double(from);
        return true;
      case dom::element_type::BOOL:
        to = bool(from);
        return true;
      case dom::element_type::NULL_VALUE:
        to = nullptr;
        return true;
    }
    return false;
  }

  bool build_array(dom::array from, Place place, Json& to) {
    to = Json::array();
    if (place.depth >= limits_.depth) return false;
    for (const dom::element element : from)
      if (!build(element, place.element(), to.emplace_back())) return false;
    return true;
  }

  bool build_object(dom::object from, Place place, Json& to) {
    to = Json::object();
    if (place.depth >= limits_.depth) return false;
    const auto end = apart_ ? static_cast<int>(apart_->size()) : kOff;
    if (place.steps != kOff && place.steps == end) {
      members_->reserve(from.size());
      for (const auto [key, value] : from)
        if (!build(value, place.element(), members_->emplace_back(key, nullptr).second)) return false;
      return !have_twins(*members_);
    }
    auto& members = to.get_ref<Json::object_t&>();
    for (const auto [key, value] : from) {
      const auto [member, added] = members.emplace(key, nullptr);
      if (!added) return false;
      const bool leads = place.steps != kOff && key == apart_->begin()[place.steps];
      if (!build(value, {place.depth + 1, leads ? place.steps + 1 : kOff}, member->second)) return false;
    }
    return true;
  }

  // Whether two keys have one hash, as equal keys do. Others hardly ever, and the careful parser will tell.
  static bool have_twins(const JsonMembers& members) {
    std::vector<size_t> hashes(std::bit_ceil(2 * members.size() + 1));  // by their last bits; 0: none
    for (const auto& [key, value] : members) {
      const size_t hash = std::hash<std::string_view>()(key) | 1;
      size_t at = hash >> 1;
      while (hashes[at %= hashes.size()] != 0)
        if (hashes[at++] == hash) return true;
      hashes[at] = hash;
    }
    return false;
  }

  const JsonPath* apart_;
  const JsonLimits& limits_;
  JsonMembers* members_ = nullptr;
};

}  // namespace

std::optional<JsonApart> parse_json_quickly(std::string_view text, const JsonPath* apart,
                                            const JsonLimits& limits) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  return Builder(apart, limits).build(root);
}

}  // namespace frugal
