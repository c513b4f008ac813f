#include "frugal/io/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "frugal/base/error.h"
#include "frugal/io/file.h"

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

// Watches the events of one parse and stops it at a rule that the library does not know.
class Rules {
 public:
  Rules(std::string_view text, const std::string& where, const JsonLimits& limits)
      : text_(text), where_(where), limits_(limits), progress_(text.data()) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if ((event == Event::object_start || event == Event::array_start) && depth >= limits_.depth)
      fail(fmt::format("arrays and objects are nested deeper than {}", limits_.depth));
    if (event == Event::key && !keys_.back().insert(value.get_ref<const std::string&>()).second)
      fail(fmt::format("the key {} is given twice", in_quotes(value.get_ref<const std::string&>())));
    return true;
  }

  Json parse() {
    const char* end = text_.data() + text_.size();
    try {
      return Json::parse(
          Cursor(text_.data(), &progress_), Cursor(end, &progress_),
          [this](int depth, Json::parse_event_t event, Json& value) { return (*this)(depth, event, value); });
    } catch (const Json::parse_error& error) {
      throw Error(place(where_, text_, error.byte), "is not valid JSON: " + reason(error));
    } catch (const Json::exception& error) {  // a number too large for a double
      fail("is not valid JSON: " + reason(error));
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(place(where_, text_, static_cast<size_t>(progress_ - text_.data())), message);
  }

 private:
  std::string_view text_;
  const std::string& where_;
  const JsonLimits& limits_;
  const char* progress_;
  std::vector<std::unordered_set<std::string>> keys_;  // of each object that is open
};

}  // namespace

Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > limits.bytes)
    throw Error(where, fmt::format("has {} bytes of JSON, the limit is {}", text.size(), limits.bytes));
  // The library takes a NUL byte for the end of the text and would ignore what follows.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
    throw Error(place(where, text, nul + 1), "is not valid JSON: it holds a NUL byte");
  return Rules(text, where, limits).parse();
}

Json load_json(const std::string& path, const JsonLimits& limits) {
  return parse_json(read_file(path, limits.bytes), path, limits);
}

std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void write_json(const std::string& path, const Json& json, const FileCalls& calls) {
  write_file(path, to_text(json) + "\n", calls);
}

std::string in_quotes(std::string_view name) {
  constexpr size_t kLongest = 100;
  std::string text = to_text(Json(std::string(name.substr(0, kLongest))), -1);
  if (name.size() > kLongest) text.insert(text.size() - 1, "...");
  for (size_t at; (at = text.find('\x7f')) != std::string::npos;) text.replace(at, 1, "\\u007f");
  return text;
}

}  // namespace frugal
