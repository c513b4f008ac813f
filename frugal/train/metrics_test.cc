#include "frugal/train/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

using test::TempFolder;

// A slow reader of event files by hand, independent of protobuf: "step tag=value" for each scalar.
std::vector<std::string> scalars_of(const std::string& path) {
  const std::string bytes = read_file(path, 1 << 20);
  const auto masked = [](std::string_view part) {
    const uint32_t crc = crc32c(part);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  };
  const auto number = [](std::string_view part, auto value) {
    std::memcpy(&value, part.data(), sizeof value);
    return value;
  };
  std::vector<std::string> scalars;
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto size = number(rest, uint64_t{});
    EXPECT_EQ(number(rest.substr(8), uint32_t{}), masked(rest.substr(0, 8)));
    const std::string_view event = rest.substr(12, size);
    EXPECT_EQ(number(rest.substr(12 + size), uint32_t{}), masked(event));
    rest.remove_prefix(16 + size);

    int64_t step = 0;
    const auto varint = [](std::string_view& in) {
      uint64_t value = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<uint8_t>(in[0]);
        in.remove_prefix(1);
        value |= uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80) return value;
      }
    };
    // Fields in the order of their numbers: 9 = time, 0x10 = step, 0x1a = version, 0x2a = summary.
    for (std::string_view in = event; !in.empty();) {
      const auto key = varint(in);
      if (key == 0x09) {
        in.remove_prefix(8);
      } else if (key == 0x10) {
        step = static_cast<int64_t>(varint(in));
      } else {
        const auto length = varint(in);
        std::string_view part = in.substr(0, length);
        in.remove_prefix(length);
        if (key == 0x1a) {
          EXPECT_EQ(part, "brain.Event:2");
        }
        while (key == 0x2a && !part.empty()) {
          EXPECT_EQ(varint(part), 0x0au);
          const auto value_length = varint(part);
          std::string_view value = part.substr(0, value_length);
          part.remove_prefix(value_length);
          EXPECT_EQ(varint(value), 0x0au);
          const auto tag_length = varint(value);
          const std::string tag(value.substr(0, tag_length));
          value.remove_prefix(tag_length);
          EXPECT_EQ(varint(value), 0x15u);
          scalars.push_back(std::to_string(step) + " " + tag + "=" + std::to_string(number(value, float{})));
        }
      }
    }
  }
  return scalars;
}

TEST(Metrics, WritesBothFiles) {
  const TempFolder folder;
  {
    MetricsWriter writer(folder / "run", {}, [] { return 1000.5; });
    writer.write(1, "train", {{"loss", 2.5}, {"lr", 0.125}});
    writer.write(300, "validation", {{"accuracy", 0.75}, {"loss", NAN}});
    EXPECT_EQ(read_file(folder / "run/metrics.jsonl", 1000),
              "{\"split\":\"train\",\"step\":1,\"time\":1000.5,\"values\":{\"loss\":2.5,\"lr\":0.125}}\n"
              "{\"split\":\"validation\",\"step\":300,\"time\":1000.5,\"values\":{\"accuracy\":0.75,\"loss\":"
              "null}}\n");
  }
  EXPECT_EQ(scalars_of(folder / "run/" + kEventFile),
            (std::vector<std::string>{"1 train/loss=2.500000", "1 train/lr=0.125000",
                                      "300 validation/accuracy=0.750000", "300 validation/loss=nan"}));
}

TEST(Metrics, ResumeDropsWhatTheCheckpointLacks) {
  const TempFolder folder;
  {
    MetricsWriter writer(folder.path());
    for (int step = 1; step <= 5; ++step) writer.write(step, "train", {{"loss", 1.0 / step}});
  }
  // Killed within a line and within an event.
  write_file(folder / kMetricsFile, read_file(folder / kMetricsFile, 10000) + "{\"step\":6,\"spl");
  write_file(folder / kEventFile, read_file(folder / kEventFile, 10000).substr(0, 100));
  {
    MetricsWriter writer(folder.path(), 2);
    writer.write(3, "train", {{"loss", 0.5}});
  }
  const auto lines = read_metrics(folder / kMetricsFile);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].step, 2);
  EXPECT_EQ(lines[2].values, (NamedValues{{"loss", 0.5}}));
  EXPECT_GT(lines[0].time, 1.7e9);
  EXPECT_EQ(
      scalars_of(folder / kEventFile),
      (std::vector<std::string>{"1 train/loss=1.000000", "2 train/loss=0.500000", "3 train/loss=0.500000"}));

  MetricsWriter anew(folder.path());
  EXPECT_TRUE(read_metrics(folder / kMetricsFile).empty());
}

TEST(Metrics, ResumesWithoutFiles) {
  const TempFolder folder;
  MetricsWriter writer(folder / "a/b", 10);
  writer.write(11, "train", {{"loss", 1}});
  EXPECT_EQ(read_metrics(folder / "a/b/metrics.jsonl").size(), 1u);
}

TEST(Metrics, BrokenLinesAreNamed) {
  const TempFolder folder;
  const std::string good = "{\"split\":\"train\",\"step\":1,\"time\":1,\"values\":{\"loss\":null}}\n";
  write_file(folder / "m", good + "{\"step\":2}\n" + good);
  EXPECT_ERROR(read_metrics(folder / "m"), "m:2: \"split\" is missing");
  write_file(folder / "m", good + good + "nonsense\n");
  EXPECT_ERROR(read_metrics(folder / "m"), "m:3:1:");
  write_file(folder / "m", good);
  EXPECT_TRUE(std::isnan(read_metrics(folder / "m")[0].values[0].second));
}

TEST(Metrics, AFullDiskIsAnError) {
  const TempFolder folder;
  std::filesystem::create_symlink("/dev/full", folder / kMetricsFile);
  EXPECT_ERROR(MetricsWriter(folder.path()).write(1, "train", {{"loss", 1}}), "metrics.jsonl: cannot write");
}

}  // namespace
}  // namespace frugal
