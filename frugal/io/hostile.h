// Tests that every file of a folder of tests/hostile is refused with the error that its README lists.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "frugal/io/testing.h"

namespace frugal::test {

inline std::string hostile_folder() { return std::string(FRUGAL_SOURCE_DIR) + "/tests/hostile/"; }

// Path within the folder -> a part of the error, from the table "| `path` | what is wrong | error |".
inline std::map<std::string, std::string> listed(const std::string& subfolder) {
  std::map<std::string, std::string> cases;
  std::ifstream readme(hostile_folder() + "README.md");
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `" + subfolder + "/") || !line.ends_with(" |")) continue;
    const size_t path_end = line.find('`', 3);
    const size_t error = line.rfind(" | ") + 3;
    cases[line.substr(3, path_end - 3)] = line.substr(error, line.size() - 2 - error);
  }
  return cases;
}

inline void expect_all_listed(const std::string& subfolder, const std::map<std::string, std::string>& cases) {
  EXPECT_FALSE(cases.empty());
  for (const std::string& name : names_in(hostile_folder() + subfolder))
    EXPECT_EQ(cases.count(subfolder + "/" + name), 1u) << name << " is not in README.md";
}

template <class Read>
void expect_refused(const std::string& subfolder, Read&& read) {
  const auto cases = listed(subfolder);
  expect_all_listed(subfolder, cases);
  for (const auto& item : cases) {
    const std::string text = error_of([&] { read(hostile_folder() + item.first); });
    EXPECT_PRED_FORMAT2(::testing::IsSubstring, item.second, text) << item.first;
    EXPECT_PRED_FORMAT2(::testing::IsSubstring, item.first, text) << "the error names the file";
  }
}

}  // namespace frugal::test
