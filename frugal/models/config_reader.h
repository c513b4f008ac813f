// Reads a config.json and collects every problem before it complains, so that a user sees all of them at
// once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frugal/models/model.h"

namespace frugal {

class ConfigReader {
 public:
  ConfigReader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  // Architecture, head (one of `heads`, after the family's name), labels and problem type.
  ModelInfo info(std::string_view family, const std::vector<std::string>& heads);

  int64_t positive(std::string_view key, int64_t most = int64_t{1} << 24);
  int64_t optional_positive(std::string_view key, int64_t fallback, int64_t most = int64_t{1} << 24);
  // Of any sign; `fallback` where it is missing or null.
  int64_t integer(std::string_view key, int64_t fallback, IntRange range);
  // The width of a head: what `key` says, else hidden / heads, which must divide `hidden_key`'s value.
  int64_t head_size(std::string_view key, std::string_view hidden_key, int64_t hidden, int64_t heads);
  // One number for all layers, or a list with one for each.
  std::vector<int64_t> per_layer(std::string_view key, int64_t layers);
  // A list of positive integers; a number is a list of one, `fallback` where it is missing or null.
  std::vector<int64_t> integers(std::string_view key, std::vector<int64_t> fallback, int64_t most);
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback);
  double real(std::string_view key, double fallback, double least, double most);
  bool boolean(std::string_view key, bool fallback);
  std::string text(std::string_view key, const std::string& fallback);
  // The number of a special token: `fallback` when absent, -1 when null.
  int64_t padding(int64_t vocabulary, int64_t fallback) { return id("pad_token_id", vocabulary, fallback); }
  int64_t id(std::string_view key, int64_t vocabulary, int64_t fallback);
  Activation activation(std::string_view key, const std::string& fallback);

  void problem(std::string_view key, const std::string& message);
  // Throws one Error that lists all problems, if there were any.
  void finish() const;

 private:
  template <class T, class F>
  T guarded(std::string_view key, T fallback, F&& read);

  const Json& json_;
  std::string where_;
  std::vector<std::string> problems_;
};

}  // namespace frugal
