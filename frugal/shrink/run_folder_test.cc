#include "frugal/shrink/run_folder.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

const Json kSettings{{"seed", 1}};

TEST(RunFolder, BeginsWhereARunWasKilledBeforeItBegan) {
  const test::TempFolder folder;
  const std::string path = folder / "run";
  make_folder(path);
  make_folder(path + "/work");
  write_file(path + "/work/.run.json.12-0.tmp", "{");
  EXPECT_FALSE(RunFolder(path, kSettings, false).resumed());
  EXPECT_TRUE(RunFolder(path, kSettings, true).resumed());
  EXPECT_THROW(RunFolder(path, Json{{"seed", 2}}, false), Error);
}

TEST(RunFolder, RefusesAFolderWithOtherThings) {
  for (const char* file : {"notes.txt", "work/teacher.txt"}) {
    const test::TempFolder folder;
    make_folder(folder / "work");
    write_file(folder / file, "mine");
    EXPECT_THROW(RunFolder(folder / "", kSettings, false), Error) << file;
  }
  const test::TempFolder empty;
  EXPECT_THROW(RunFolder(empty / "", kSettings, true), Error);
}

}  // namespace
}  // namespace frugal
