// Lines of standard input and output.
#pragma once

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "frugal/base/error.h"

namespace frugal::cli {

constexpr size_t kMostLineBytes = size_t{16} << 20;

// Calls f(lines) with up to `most` lines at a time, without their ends (LF or CR LF). When nothing is waiting
// on a pipe, f gets what there is, so that a caller who writes line by line is answered line by line.
template <class F>
void for_each_block(size_t most, F&& f) {
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.size() > kMostLineBytes)
      throw Error("standard input", fmt::format("a line of {} bytes", line.size()));
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    if (lines.size() < most && std::cin.rdbuf()->in_avail() > 0) continue;
    f(lines);
    lines.clear();
  }
  if (!lines.empty()) f(lines);
}

// Characters of the first bytes of a text.
inline size_t count_characters(std::string_view text, size_t bytes) {
  return static_cast<size_t>(std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bytes),
                                           [](char c) { return (c & 0xc0) != 0x80; }));
}

// Writes a line and reports a closed or full output as an Error.
inline void put_line(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fputc('\n', stdout) == EOF)
    throw Error("standard output", "cannot be written");
}
// The same without a line's end.
inline void put_text(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw Error("standard output", "cannot be written");
}
inline void flush_output() {
  if (std::fflush(stdout) != 0) throw Error("standard output", "cannot be written");
}

// Calls f(line) for each line; an Error of f's says which line it was.
template <class F>
void for_each_line(F&& f) {
  int64_t number = 0;
  for_each_block(1, [&](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      ++number;
      try {
        f(line);
      } catch (const Error& error) {
        if (!error.where().empty()) throw;
        throw Error(fmt::format("standard input:{}", number), error.message(), error.hint());
      }
    }
    flush_output();
  });
}

}  // namespace frugal::cli
