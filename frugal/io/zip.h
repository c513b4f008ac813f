// Reader of zip archives as torch.save writes them (PKWARE's APPNOTE 6.3, zip64 included): entries that are
// stored, not compressed, so that each is a view of the mapped file.
//
// The reader believes nothing. The directory at the end of the file is what counts, and every entry's own
// header must agree with it. Refused, each with its own error: several disks, encryption, compression (a
// stored entry cannot be a bomb: it is no longer than the file), entries that overlap or reach beyond the
// file, two of the same name, names that are absolute or hold "..", a backslash or a control character.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace frugal {

struct ZipLimits {
  size_t entries = 1'000'000;
  size_t name_bytes = 512;
};

class ZipArchive {
 public:
  // The bytes must outlive the archive; `where` names them in errors.
  ZipArchive(std::string_view bytes, const std::string& where, const ZipLimits& limits = {});

  bool has(std::string_view name) const { return entries_.find(name) != entries_.end(); }

  // The entry's bytes, its checksum verified (1.3 GB/s). A checksum of 0 counts as none, as torch writes it
  // when told to compute none.
  std::string_view read(std::string_view name) const;

  struct Entry {
    std::string_view bytes;
    uint32_t crc = 0;
  };
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

 private:
  std::string where_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace frugal
