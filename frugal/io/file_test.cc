#include "frugal/io/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "frugal/io/testing.h"

namespace frugal {
namespace {

using test::names_in;
using test::TempFolder;

TEST(File, ReadsBackWhatWasWritten) {
  const TempFolder folder;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65536}, size_t{1000003}}) {
    std::string content(size, 'x');
    if (size > 0) content[size / 2] = '\0';
    write_file(folder / "a", content);
    EXPECT_EQ(read_file(folder / "a", size), content);
    EXPECT_EQ(MappedFile::open(folder / "a")->bytes(), content);
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"a"});
  }
}

TEST(File, RefusesWhatItCannotRead) {
  const TempFolder folder;
  write_file(folder / "a", "12345");
  EXPECT_ERROR(read_file(folder / "none", 10), "none: cannot read: no such file");
  EXPECT_ERROR(read_file(folder.path(), 10), "it is a folder");
  EXPECT_ERROR(read_file(folder / "a" + "/b", 10), "not a folder");
  EXPECT_ERROR(read_file(folder / "a", 4), "a: is larger than the limit of 4 bytes");
  EXPECT_ERROR(MappedFile::open(folder / "none"), "no such file");
  EXPECT_ERROR(MappedFile::open(folder.path()), "it is a folder");
  if (::geteuid() != 0) {  // root may read everything
    ::chmod((folder / "a").c_str(), 0);
    EXPECT_ERROR(read_file(folder / "a", 10), "permission denied");
  }
}

TEST(File, ReadsPipesButDoesNotMapThem) {
  const TempFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_ERROR(MappedFile::open(pipe), "regular file was expected");  // and does not wait for a writer
  const std::string content(300000, 'p');
  std::thread writer([&] { write_file(pipe, content); });
  EXPECT_EQ(read_file(pipe, 1 << 20), content);
  writer.join();
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"pipe"});
}

TEST(File, MappingKeepsTheOldContent) {
  const TempFolder folder;
  write_file(folder / "a", "old");
  const auto mapping = MappedFile::open(folder / "a");
  write_file(folder / "a", "new content");
  EXPECT_EQ(mapping->bytes(), "old");
  EXPECT_EQ(read_file(folder / "a", 100), "new content");
}

TEST(AtomicFile, KeepsLinksAndPermissions) {
  const TempFolder folder;
  write_file(folder / "target", "old");
  ::chmod((folder / "target").c_str(), 0640);
  std::filesystem::create_symlink("target", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "target", 10), "new");
  struct stat status;
  ASSERT_EQ(::stat((folder / "target").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, RefusesWhatItCannotWrite) {
  const TempFolder folder;
  EXPECT_ERROR(write_file(folder.path(), "x"), "it is a folder");
  EXPECT_ERROR(write_file(folder / "none/a", "x"), "cannot write: no such file or folder");
  write_file("/dev/null", "x");  // written to, not replaced
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  if (std::filesystem::exists("/dev/full")) {
    EXPECT_ERROR(write_file("/dev/full", "x"), "the disk is full");
  }
  write_file(folder / std::string(255, 'n'),
             "x");               // the temporary name must not be longer than the system allows
  if (::geteuid() == 0) return;  // root may write anywhere
  ::chmod((folder / std::string(255, 'n')).c_str(), 0400);
  EXPECT_ERROR(write_file(folder / std::string(255, 'n'), "y"), "permission denied");
  ::chmod(folder.path().c_str(), 0500);
  EXPECT_ERROR(write_file(folder / "a", "x"), "permission denied");
  ::chmod(folder.path().c_str(), 0700);
}

TEST(AtomicFile, ForgottenCommitLeavesTheOldFile) {
  const TempFolder folder;
  write_file(folder / "a", "old");
  { AtomicFile(folder / "a").write("half"); }
  EXPECT_EQ(read_file(folder / "a", 100), "old");
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"a"});
}

// Real calls with faults: the n-th call fails (-1: none), and writes come in small pieces.
struct Faults {
  int calls_left;
  int code = ENOSPC;
  int seen = 0;

  bool fails() {
    ++seen;
    if (calls_left-- != 0) return false;
    errno = code;
    return true;
  }
  FileCalls calls() {
    const FileCalls real;
    FileCalls faulty;
    faulty.write = [this, real](int fd, const void* bytes, size_t count) -> ssize_t {
      return fails() ? -1 : real.write(fd, bytes, std::min<size_t>(count, 100000));
    };
    faulty.fsync = [this, real](int fd) { return fails() ? -1 : real.fsync(fd); };
    faulty.rename = [this, real](const char* from, const char* to) {
      return fails() ? -1 : real.rename(from, to);
    };
    return faulty;
  }
};

TEST(AtomicFile, FailureAtAnyCallLeavesTheOldFileAndNoLitter) {
  const TempFolder folder;
  const std::string content(1000000, 'n');
  Faults none{-1};
  write_file(folder / "a", content, none.calls());
  EXPECT_EQ(read_file(folder / "a", 2000000), content);  // short writes are continued
  EXPECT_EQ(none.seen, 13);                              // ten writes, fsync, rename, fsync of the folder

  for (int n = 0; n < none.seen; ++n) {
    write_file(folder / "a", "old");
    Faults faults{n};
    EXPECT_ERROR(write_file(folder / "a", content, faults.calls()), "the disk is full");
    const bool renamed = n == none.seen - 1;  // only the last sync failed: complete, but not surely durable
    EXPECT_EQ(read_file(folder / "a", 2000000), renamed ? content : "old") << "failing call " << n;
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"a"}) << "failing call " << n;
  }
}

TEST(AtomicFile, InterruptedWritesGoOn) {
  const TempFolder folder;
  Faults faults{0, EINTR};
  write_file(folder / "a", "content", faults.calls());
  EXPECT_EQ(read_file(folder / "a", 100), "content");
}

TEST(AtomicFile, FullFileSystemSaysSo) {
  const TempFolder folder;
  Faults faults{0, EDQUOT};
  EXPECT_ERROR(write_file(folder / "a", "content", faults.calls()), "quota");
  EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST(AtomicFile, ConcurrentWritersLeaveOneWholeFile) {
  const TempFolder folder;
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'e'; ++letter)
    writers.emplace_back([&, letter] {
      for (int i = 0; i < 20; ++i) write_file(folder / "file", std::string(100000, letter));
    });
  for (std::thread& writer : writers) writer.join();
  const std::string content = read_file(folder / "file", 200000);
  EXPECT_EQ(content, std::string(100000, content.at(0)));
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace frugal
