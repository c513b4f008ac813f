#include "frugal/io/base64.h"

#include <gtest/gtest.h>

#include "frugal/io/testing.h"

namespace frugal {
namespace {

TEST(Base64, ReadsTheExamplesOfTheStandard) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"Zg==", "f"},
                                                       {"Zm8=", "fo"},
                                                       {"Zm9v", "foo"},
                                                       {"Zm9vYg==", "foob"},
                                                       {"Zm9vYmE=", "fooba"},
                                                       {"+/+/", "\xfb\xff\xbf"}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(from_base64(text, "x"), bytes);
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"Zg=", "Z", "Zg= =", "Z===", "Zm9v\n", "Zm-v", "=m9v", "Zm=v"})
    EXPECT_NE(test::error_of([&] { from_base64(text, "file.json"); }).find("file.json: "), std::string::npos)
        << text;
}

}  // namespace
}  // namespace frugal
