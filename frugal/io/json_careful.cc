// The careful parser: nlohmann's, with the place of every error.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "frugal/base/error.h"
#include "frugal/io/json_parsers.h"

namespace frugal {
namespace {

// Reads characters and lets us know how far the parser has come: its callbacks do not say.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** progress) : at_(at), progress_(progress) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *progress_ = ++at_;
    return *this;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }
  bool operator!=(const Cursor& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** progress_;
};

// "file:line:column" of the last character before text[end], both counted from 1.
std::string place(const std::string& where, std::string_view text, size_t end) {
  const std::string_view before = text.substr(0, end == 0 ? 0 : std::min(end, text.size()) - 1);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("{}:{}:{}", where, line, before.size() - line_start + 1);
}

// What the library says, without its prefix. It quotes the text, so shorten it and show ASCII only.
std::string reason(const Json::exception& error) {
  std::string_view text = error.what();
  const size_t column = text.find(", column ");
  const size_t start = text.find(column == std::string_view::npos ? "] " : ": ",
                                 column == std::string_view::npos ? 0 : column);
  if (start != std::string_view::npos) text.remove_prefix(start + 2);
  std::string out(text.substr(0, 200));
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

// Builds the document from the parser's events and stops it at a rule that the library does not know.
class Builder {
 public:
  Builder(std::string_view text, const std::string& where, const JsonLimits& limits)
      : text_(text), where_(where), limits_(limits), progress_(text.data()) {}

  Json parse() {
    const char* end = text_.data() + text_.size();
    Json::sax_parse(Cursor(text_.data(), &progress_), Cursor(end, &progress_), this);
    return std::move(root_);
  }

  // The library's events; none asks it to stop, problems are thrown.
  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(int64_t value) { return put(value); }
  bool number_unsigned(uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t&) { return true; }  // JSON text has none
  bool start_object(size_t) { return open(Json::object()); }
  bool start_array(size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    auto [member, added] = open_.back()->get_ref<Json::object_t&>().emplace(std::move(name), nullptr);
    if (!added) fail(fmt::format("the key {} is given twice", in_quotes(member->first)));
    member_ = &member->second;
    return true;
  }
  bool parse_error(size_t, const std::string&, const Json::exception& error) {
    const std::string message = "is not valid JSON: " + reason(error);
    if (const auto* at = dynamic_cast<const Json::parse_error*>(&error))
      throw Error(place(where_, text_, at->byte), message);
    fail(message);  // a number too large for a double
  }

 private:
  // Puts the value where it belongs: it is the document, the member of the last key, or an element.
  bool put(Json value) {
    place_of(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (static_cast<int>(open_.size()) >= limits_.depth)
      fail(fmt::format("arrays and objects are nested deeper than {}", limits_.depth));
    open_.push_back(place_of(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  Json* place_of(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_object()) return &(*member_ = std::move(value));
    return &open_.back()->emplace_back(std::move(value));
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(place(where_, text_, static_cast<size_t>(progress_ - text_.data())), message);
  }

  std::string_view text_;
  const std::string& where_;
  const JsonLimits& limits_;
  const char* progress_;
  Json root_;
  Json* member_ = nullptr;   // of the last key
  std::vector<Json*> open_;  // the arrays and objects that are not closed yet, outermost first
};

}  // namespace

Json parse_json_carefully(std::string_view text, const std::string& where, const JsonLimits& limits) {
  // The library takes a NUL byte for the end of the text and would ignore what follows.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
    throw Error(place(where, text, nul + 1), "is not valid JSON: it holds a NUL byte");
  return Builder(text, where, limits).parse();
}

}  // namespace frugal
