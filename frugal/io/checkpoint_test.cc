#include "frugal/io/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "frugal/io/crc32.h"
#include "frugal/io/file.h"
#include "frugal/io/folder_lock.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

using test::names_in;
using test::TempFolder;

std::string write_step(const std::string& root, int64_t step, const FileCalls& calls = {}) {
  CheckpointWriter writer(root, checkpoint_name(step), calls);
  writer.add("state.json", "{\"step\": " + std::to_string(step) + "}");
  writer.add_tensors("weights.safetensors", {{"w", Tensor::scalar(static_cast<float>(step))}});
  return writer.commit();
}

float weight_of(const std::string& checkpoint) {
  return read_safetensors(checkpoint + "/weights.safetensors").tensors.at("w").data<float>()[0];
}

TEST(Crc32, EqualsBoosts) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  std::string text;
  for (int i = 0; i < 100; ++i) {
    boost::crc_32_type slow;
    slow.process_bytes(text.data(), text.size());
    EXPECT_EQ(crc32(text), slow.checksum()) << i;
    text.push_back(static_cast<char>(i * 37));
  }
}

TEST(Checkpoint, LatestIsTheHighestValidStep) {
  const TempFolder root;
  EXPECT_EQ(latest_checkpoint(root / "none"), std::nullopt);
  EXPECT_EQ(latest_checkpoint(root.path()), std::nullopt);
  EXPECT_EQ(write_step(root.path(), 9), root / "step-00000009");
  write_step(root.path(), 10);
  write_step(root.path(), 123456789);  // longer than the padding
  EXPECT_EQ(latest_checkpoint(root.path()), root / "step-123456789");
  EXPECT_EQ(weight_of(*latest_checkpoint(root.path())), 123456789.0f);
  for (const char* other :
       {"step-", "step-999999999.tmp", "step-99999999999999999999", "step-9x", "other-9999999999"})
    make_folder(root / other);
  EXPECT_EQ(latest_checkpoint(root.path()), root / "step-123456789");
}

TEST(Checkpoint, DamageIsFoundAndPassedOver) {
  const auto damage = [](const std::string& name, const std::string& error, auto&& spoil) {
    const TempFolder root;
    write_step(root.path(), 1);
    const std::string newest = write_step(root.path(), 2);
    EXPECT_EQ(latest_checkpoint(root.path()), newest);
    spoil(newest + "/" + name);
    std::vector<std::string> broken;
    EXPECT_EQ(latest_checkpoint(root.path(), &broken), root / "step-00000001");
    ASSERT_EQ(broken.size(), 1u);
    EXPECT_PRED_FORMAT2(::testing::IsSubstring, error, broken[0]);
    EXPECT_ERROR(check_checkpoint(newest), error);
  };
  const auto remove = [](const std::string& path) { std::filesystem::remove(path); };
  const auto cut = [](const std::string& path) { std::filesystem::resize_file(path, 5); };
  const auto flip = [](const std::string& path) {
    std::string content = read_file(path, 1 << 20);
    content.back() ^= 1;
    write_file(path, content);
  };
  damage("manifest.json", "manifest.json: cannot read", remove);
  damage("manifest.json", "is not valid JSON", cut);
  damage("weights.safetensors", "weights.safetensors: cannot read", remove);
  damage("weights.safetensors", "weights.safetensors: has 5 bytes, the manifest says", cut);
  damage("weights.safetensors", "weights.safetensors: is damaged", flip);
  damage("state.json", "state.json: is damaged", flip);
  damage("manifest.json", "not a plain file name", [](const std::string& path) {
    write_file(path, R"({"version": 1, "files": {"../x": {"bytes": 0, "crc32": 0}}})");
  });
  damage("manifest.json", "\"version\" must be between 1 and 1",
         [](const std::string& path) { write_file(path, R"({"version": 2, "files": {}})"); });
}

TEST(Checkpoint, PruneKeepsTheNewestValid) {
  const TempFolder root;
  for (int step = 1; step <= 5; ++step) write_step(root.path(), step);
  std::filesystem::remove(root / "step-00000004/manifest.json");
  make_folder(root / "step-00000006.tmp");
  make_folder(root / ".trash/half");
  make_folder(root / "best");
  prune_checkpoints(root.path(), 2);
  EXPECT_EQ(names_in(root.path()), (std::vector<std::string>{"best", "step-00000003", "step-00000005"}));
  prune_checkpoints(root.path(), 0);
  EXPECT_EQ(names_in(root.path()), (std::vector<std::string>{"best", "step-00000005"}));
}

TEST(Checkpoint, ForgottenCommitLeavesNothing) {
  const TempFolder root;
  { CheckpointWriter(root.path(), "step-1").add("a", "x"); }
  EXPECT_TRUE(names_in(root.path()).empty());
}

TEST(Checkpoint, SameStepTwiceIsReplaced) {
  const TempFolder root;
  write_step(root.path(), 1);
  std::filesystem::remove(root / "step-00000001/manifest.json");
  EXPECT_EQ(latest_checkpoint(root.path()), std::nullopt);
  write_step(root.path(), 1);
  EXPECT_EQ(latest_checkpoint(root.path()), root / "step-00000001");
}

// Calls that do `at_end` instead of the n-th one, and count.
FileCalls counted(int n, int* seen, const std::function<void()>& at_end) {
  const FileCalls real;
  const auto step = [n, seen, at_end] {
    if ((*seen)++ == n) at_end();
    return *seen - 1 == n;
  };
  FileCalls calls;
  calls.write = [=](int fd, const void* bytes, size_t count) -> ssize_t {
    return step() ? -1 : real.write(fd, bytes, count);
  };
  calls.fsync = [=](int fd) { return step() ? -1 : real.fsync(fd); };
  calls.rename = [=](const char* from, const char* to) { return step() ? -1 : real.rename(from, to); };
  return calls;
}

TEST(Checkpoint, FullDiskAtAnyCallLeavesThePreviousOne) {
  int total = 0;
  {
    const TempFolder root;
    write_step(root.path(), 2, counted(-1, &total, [] {}));
  }
  EXPECT_EQ(total, 14);  // three files of four calls each, the folder's rename and the parent's sync
  for (int n = 0; n < total; ++n) {
    const TempFolder root;
    write_step(root.path(), 1);
    int seen = 0;
    EXPECT_ERROR(write_step(root.path(), 2, counted(n, &seen, [] { errno = ENOSPC; })), "the disk is full");
    const bool renamed = n == total - 1;
    EXPECT_EQ(latest_checkpoint(root.path()), root / (renamed ? "step-00000002" : "step-00000001")) << n;
    EXPECT_EQ(names_in(root.path()).size(), renamed ? 2u : 1u) << "litter after call " << n;
  }
}

TEST(Checkpoint, DeathAtAnyCallLeavesAValidOne) {
  for (int n = 0; n < 14; ++n) {
    const TempFolder root;
    write_step(root.path(), 1);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {  // as kill -9: no destructor runs
      int seen = 0;
      write_step(root.path(), 2, counted(n, &seen, [] { ::_exit(9); }));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 9) << n;
    const auto latest = latest_checkpoint(root.path());
    ASSERT_TRUE(latest) << n;
    EXPECT_EQ(weight_of(*latest), n == 13 ? 2.0f : 1.0f) << n;
    write_step(root.path(), 2);  // the next run is not troubled by what lies about
    prune_checkpoints(root.path(), 1);
    EXPECT_EQ(names_in(root.path()), std::vector<std::string>{"step-00000002"}) << n;
  }
}

TEST(FolderLock, TwoRunsDoNotShareAFolder) {
  const TempFolder root;
  const std::string out = root / "new/out";  // created
  {
    const FolderLock lock(out);
    EXPECT_ERROR(FolderLock second(out),
                 "another run is writing to this folder (process " + std::to_string(::getpid()));
    const FolderLock other(root / "elsewhere");
  }
  const FolderLock again(out);
}

TEST(FolderLock, WaitsForARunThatIsGoing) {
  const TempFolder root;
  auto held = std::make_unique<FolderLock>(root.path());
  std::thread going([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    held.reset();
  });
  EXPECT_NO_THROW(FolderLock lock(root.path()));
  going.join();
}

TEST(FolderLock, DeathLetsGo) {
  const TempFolder root;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const FolderLock lock(root.path());
    ::_exit(9);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_NO_THROW(FolderLock lock(root.path()));
}

}  // namespace
}  // namespace frugal
