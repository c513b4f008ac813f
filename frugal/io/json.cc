#include "frugal/io/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "frugal/base/error.h"
#include "frugal/base/string_order.h"
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

// Builds the document from the parser's events and stops it at a rule that the library does not know.
//
// The members of an object are put into its map when it is closed, in the order of their keys: no search, and
// its nodes follow each other in memory. For the vocabulary of tokenizer.json that halves the time of
// building, walking and freeing it, and keys given twice are found on the way.
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
  bool start_object(size_t) { return open(true); }
  bool start_array(size_t) { return open(false); }
  bool end_object() {
    std::vector<Member>& members = open_.back().members;
    Json::object_t object;
    const std::string* last = nullptr;
    for (const uint32_t i :
         string_order(members.size(), [&](size_t i) { return std::string_view(members[i].key); })) {
      if (last && *last == members[i].key)
        throw Error(place(where_, text_, members[i].end),
                    fmt::format("the key {} is given twice", in_quotes(*last)));
      const auto added =
          object.emplace_hint(object.end(), std::move(members[i].key), std::move(members[i].value));
      last = &added->first;
    }
    return close(std::move(object));
  }
  bool end_array() { return close(std::move(open_.back().elements)); }
  bool key(std::string& name) {
    open_.back().members.push_back({std::move(name), {}, static_cast<size_t>(progress_ - text_.data())});
    return true;
  }
  bool parse_error(size_t, const std::string&, const Json::exception& error) {
    const std::string message = "is not valid JSON: " + reason(error);
    if (const auto* at = dynamic_cast<const Json::parse_error*>(&error))
      throw Error(place(where_, text_, at->byte), message);
    fail(message);  // a number too large for a double
  }

 private:
  struct Member {
    std::string key;
    Json value;
    size_t end;  // of the key, in the text
  };
  struct Open {
    bool is_object;
    std::vector<Member> members;
    Json::array_t elements;
  };

  template <class T>
  bool put(T&& value) {
    if (open_.empty())
      root_ = std::forward<T>(value);
    else if (open_.back().is_object)
      open_.back().members.back().value = std::forward<T>(value);
    else
      open_.back().elements.emplace_back(std::forward<T>(value));
    return true;
  }
  bool open(bool is_object) {
    if (static_cast<int>(open_.size()) >= limits_.depth)
      fail(fmt::format("arrays and objects are nested deeper than {}", limits_.depth));
    open_.push_back({is_object, {}, {}});
    return true;
  }
  template <class T>
  bool close(T value) {
    open_.pop_back();
    return put(std::move(value));
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(place(where_, text_, static_cast<size_t>(progress_ - text_.data())), message);
  }

  std::string_view text_;
  const std::string& where_;
  const JsonLimits& limits_;
  const char* progress_;
  Json root_;
  std::vector<Open> open_;  // the arrays and objects that are not closed yet, outermost first
};

}  // namespace

Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > limits.bytes)
    throw Error(where, fmt::format("has {} bytes of JSON, the limit is {}", text.size(), limits.bytes));
  // The library takes a NUL byte for the end of the text and would ignore what follows.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
    throw Error(place(where, text, nul + 1), "is not valid JSON: it holds a NUL byte");
  return Builder(text, where, limits).parse();
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
