#include "frugal/io/zip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>
#include <vector>

#include "frugal/base/error.h"
#include "frugal/io/crc32.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr uint16_t kEncrypted = 1 | 1 << 6 | 1 << 13, kSizesFollow = 1 << 3;
constexpr uint16_t kZip64Field = 1;
constexpr uint32_t kIn64 = 0xFFFFFFFF;  // the value is in the zip64 field instead
constexpr char kConvert[] = "load it with torch and save it again as safetensors";

// What the end of the file says about the directory.
struct Directory {
  uint64_t entries, bytes, offset, end;  // `end`: where the records behind it begin
};

// One entry of the directory.
struct Listed {
  std::string name;
  uint16_t flags, method;
  uint32_t crc;
  uint64_t packed_bytes, bytes, offset;
};

std::optional<std::string> name_problem(std::string_view name, size_t limit) {
  if (name.empty()) return "is empty";
  if (name.size() > limit) return fmt::format("has {} bytes, the limit is {}", name.size(), limit);
  if (name.front() == '/') return "is absolute";
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\')
      return "holds a control character or a backslash";
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return "leads out of the archive";
    begin = end + 1;
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& where, const ZipLimits& limits)
      : bytes_(bytes), where_(where), limits_(limits) {}

  std::map<std::string, ZipArchive::Entry, std::less<>> read() {
    const Directory directory = find_directory();
    std::map<std::string, ZipArchive::Entry, std::less<>> entries;
    uint64_t at = directory.offset;
    const uint64_t end = directory.offset + directory.bytes;
    for (uint64_t i = 0; i < directory.entries; ++i) {
      Listed listed = read_listed(&at, end);
      const ZipArchive::Entry entry{entry_bytes(listed, directory.offset), listed.crc};
      if (!entries.emplace(listed.name, entry).second) fail_at(listed.name, "is there twice");
    }
    if (at != end) fail("the directory has bytes behind its last entry");
    check_overlap();
    return entries;
  }

 private:
  struct Span {
    uint64_t begin, end;
    std::string name;
  };

  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const {
    throw Error(where_, message, hint);
  }
  [[noreturn]] void fail_at(std::string_view name, const std::string& message,
                            const std::string& hint = {}) const {
    throw Error(where_, fmt::format("entry {}: {}", in_quotes(name), message), hint);
  }

  // The caller has checked that the bytes are there.
  template <class T>
  T get(uint64_t at) const {
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }

  // The end record is the last thing in the file but for a comment, whose length it tells.
  uint64_t find_end() const {
    constexpr size_t kMostComment = 65535;
    for (size_t comment = 0; comment <= kMostComment && kEndBytes + comment <= bytes_.size(); ++comment) {
      const uint64_t at = bytes_.size() - kEndBytes - comment;
      if (get<uint32_t>(at) == kEnd && get<uint16_t>(at + 20) == comment) return at;
    }
    fail("is no zip archive or is cut off: it does not end with a directory");
  }

  Directory find_directory() const {
    const uint64_t at = find_end();
    Directory found{get<uint16_t>(at + 10), get<uint32_t>(at + 12), get<uint32_t>(at + 16), at};
    const bool one_disk =
        get<uint16_t>(at + 4) == 0 && get<uint16_t>(at + 6) == 0 && get<uint16_t>(at + 8) == found.entries;
    if (!one_disk) fail("is an archive of several disks");
    if (at >= kLocator64Bytes && get<uint32_t>(at - kLocator64Bytes) == kLocator64)
      found = find_directory64(at - kLocator64Bytes, found);
    if (found.offset > found.end || found.bytes > found.end - found.offset)
      fail(fmt::format("its directory of {} bytes at {} reaches beyond {}", found.bytes, found.offset,
                       found.end));
    if (found.entries > limits_.entries)
      fail(fmt::format("has {} entries, the limit is {}", found.entries, limits_.entries));
    if (found.entries > found.bytes / kCentralBytes)
      fail(fmt::format("its directory of {} bytes cannot hold {} entries", found.bytes, found.entries));
    return found;
  }

  // The wide record must say the same as the narrow one, or the narrow one must say that it is not telling.
  Directory find_directory64(uint64_t locator, const Directory& narrow) const {
    const uint64_t at = get<uint64_t>(locator + 8);
    if (locator < kEnd64Bytes || at > locator - kEnd64Bytes || get<uint32_t>(at) != kEnd64)
      fail("its zip64 record is not where its locator says");
    const Directory wide{get<uint64_t>(at + 32), get<uint64_t>(at + 40), get<uint64_t>(at + 48), at};
    const bool one_disk =
        get<uint32_t>(at + 16) == 0 && get<uint32_t>(at + 20) == 0 && get<uint64_t>(at + 24) == wide.entries;
    if (!one_disk) fail("is an archive of several disks");
    const auto agree = [](uint64_t n, uint64_t w, uint64_t unknown) { return n == w || n == unknown; };
    if (!agree(narrow.entries, wide.entries, 0xFFFF) || !agree(narrow.bytes, wide.bytes, kIn64) ||
        !agree(narrow.offset, wide.offset, kIn64))
      fail("its two end records contradict each other");
    return wide;
  }

  Listed read_listed(uint64_t* at, uint64_t end) const {
    const uint64_t begin = *at;
    if (end - begin < kCentralBytes || get<uint32_t>(begin) != kCentral)
      fail(fmt::format("its directory is damaged at byte {}", begin));
    const uint64_t name_bytes = get<uint16_t>(begin + 28), extra_bytes = get<uint16_t>(begin + 30);
    const uint64_t size = kCentralBytes + name_bytes + extra_bytes + get<uint16_t>(begin + 32);
    if (end - begin < size) fail(fmt::format("its directory is cut off at byte {}", begin));
    *at = begin + size;

    Listed listed;
    listed.name = bytes_.substr(begin + kCentralBytes, name_bytes);
    if (const auto problem = name_problem(listed.name, limits_.name_bytes))
      fail_at(listed.name, "its name " + *problem);
    listed.flags = get<uint16_t>(begin + 8);
    listed.method = get<uint16_t>(begin + 10);
    listed.crc = get<uint32_t>(begin + 16);
    std::string_view wide =
        zip64_field(listed.name, bytes_.substr(begin + kCentralBytes + name_bytes, extra_bytes));
    const auto wide_or = [&](uint32_t narrow) -> uint64_t {
      if (narrow != kIn64) return narrow;
      if (wide.size() < 8) fail_at(listed.name, "its zip64 field is missing or too short");
      uint64_t value;
      std::memcpy(&value, wide.data(), 8);
      wide.remove_prefix(8);
      return value;
    };
    listed.bytes = wide_or(get<uint32_t>(begin + 24));  // in the order of the zip64 field
    listed.packed_bytes = wide_or(get<uint32_t>(begin + 20));
    listed.offset = wide_or(get<uint32_t>(begin + 42));
    return listed;
  }

  // The content of the zip64 field among an entry's extra fields; empty where there is none.
  std::string_view zip64_field(std::string_view name, std::string_view extra) const {
    while (extra.size() >= 4) {
      uint16_t id, size;
      std::memcpy(&id, extra.data(), 2);
      std::memcpy(&size, extra.data() + 2, 2);
      if (size > extra.size() - 4) fail_at(name, "its extra fields are damaged");
      if (id == kZip64Field) return extra.substr(4, size);
      extra.remove_prefix(size_t{4} + size);
    }
    return {};
  }

  std::string_view entry_bytes(const Listed& listed, uint64_t limit) {
    if (listed.flags & kEncrypted) fail_at(listed.name, "is encrypted");
    if (listed.method != 0)
      fail_at(listed.name,
              fmt::format("is compressed (method {}), only stored entries are read", listed.method),
              kConvert);
    if (listed.packed_bytes != listed.bytes)
      fail_at(listed.name, "is stored, but its packed size is not its size");
    if (limit < kLocalBytes || listed.offset > limit - kLocalBytes || get<uint32_t>(listed.offset) != kLocal)
      fail_at(listed.name, fmt::format("has no header at {}, where the directory places it", listed.offset));
    const uint64_t name_bytes = get<uint16_t>(listed.offset + 26);
    const uint64_t begin = listed.offset + kLocalBytes + name_bytes + get<uint16_t>(listed.offset + 28);
    if (begin > limit || listed.bytes > limit - begin)
      fail_at(listed.name,
              fmt::format("its {} bytes at {} reach beyond the directory at {}", listed.bytes, begin, limit));
    const uint32_t local_bytes = get<uint32_t>(listed.offset + 22);
    const bool same_size = listed.flags & kSizesFollow || local_bytes == kIn64 || local_bytes == listed.bytes;
    if (bytes_.substr(listed.offset + kLocalBytes, name_bytes) != listed.name || !same_size ||
        get<uint16_t>(listed.offset + 6) != listed.flags || get<uint16_t>(listed.offset + 8) != listed.method)
      fail_at(listed.name, "its own header contradicts the directory");
    spans_.push_back({listed.offset, begin + listed.bytes, listed.name});
    return bytes_.substr(begin, listed.bytes);
  }

  void check_overlap() {
    std::sort(spans_.begin(), spans_.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
    for (size_t i = 1; i < spans_.size(); ++i)
      if (spans_[i].begin < spans_[i - 1].end)
        fail_at(spans_[i].name, fmt::format("overlaps entry {}", in_quotes(spans_[i - 1].name)));
  }

  std::string_view bytes_;
  const std::string& where_;
  const ZipLimits& limits_;
  std::vector<Span> spans_;
};

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes, const std::string& where, const ZipLimits& limits)
    : where_(where), entries_(Reader(bytes, where, limits).read()) {}

std::string_view ZipArchive::read(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw Error(where_, fmt::format("has no entry {}", in_quotes(name)));
  const Entry& entry = found->second;
  if (entry.crc != 0 && crc32(entry.bytes) != entry.crc)
    throw Error(where_, fmt::format("entry {}: its bytes do not match their checksum", in_quotes(name)),
                "the file is damaged: fetch it again");
  return entry.bytes;
}

}  // namespace frugal
