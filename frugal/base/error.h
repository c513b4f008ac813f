// The one exception type of frugal: what failed, where, and what to do about it.
//
// Thrown for everything a user, a file or the network can get wrong. `assert` is for our own bugs only.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>

namespace frugal {

class Error : public std::exception {
 public:
  // `where` names a file, a tensor, a line ("train.tsv:17") or a module path ("encoder.layer.3.attention");
  // it may be empty. `message` is one sentence without a final stop.
  Error(std::string where, std::string message, std::string hint = {})
      : where_(std::move(where)), message_(std::move(message)), hint_(std::move(hint)) {
    text_ = where_.empty() ? message_ : where_ + ": " + message_;
    if (!hint_.empty()) text_ += "\n  hint: " + hint_;
  }

  const char* what() const noexcept override { return text_.c_str(); }
  const std::string& where() const { return where_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }

 private:
  std::string where_, message_, hint_, text_;
};

// A wrong command line or option: the process exits with 2 instead of 1.
class UsageError : public Error {
 public:
  explicit UsageError(std::string message, std::string hint = {})
      : Error("", std::move(message), std::move(hint)) {}
};

// Ctrl-C or SIGTERM reached a safe point; the work so far is saved.
class Interrupted : public Error {
 public:
  explicit Interrupted(std::string message, std::string hint = {})
      : Error("", std::move(message), std::move(hint)) {}
};

}  // namespace frugal
