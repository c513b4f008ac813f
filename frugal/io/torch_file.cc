#include "frugal/io/torch_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/tensor_rules.h"
#include "frugal/io/torch_legacy.h"
#include "frugal/io/torch_tensor.h"

namespace frugal {
namespace {

constexpr std::string_view kPickle = "/data.pkl";

// The folder that everything is in: torch names it after the file.
std::string root_of(const ZipArchive& archive, const std::string& where) {
  std::string root;
  for (const auto& [name, entry] : archive.entries()) {
    if (!name.ends_with(kPickle) || name.find('/') != name.size() - kPickle.size()) continue;
    if (!root.empty()) throw Error(where, "holds two models: there are two data.pkl");
    root = name.substr(0, name.size() - kPickle.size());
  }
  if (root.empty()) throw Error(where, "is a zip archive, but not of torch: it has no data.pkl");
  return root;
}

TensorMap read_archive(std::string_view bytes, const std::string& where,
                       const std::shared_ptr<const void>& owner, const TorchLimits& limits) {
  const ZipArchive archive(bytes, where, limits.zip);
  const std::string root = root_of(archive, where);
  if (archive.has(root + "/byteorder") && archive.read(root + "/byteorder") != "little")
    throw Error(where, fmt::format("its byte order is {}, only little is read",
                                   in_quotes(archive.read(root + "/byteorder"))));
  const std::string pickle_where = fmt::format("{}: {}{}", where, root, kPickle);
  const std::string_view pickle_bytes = archive.read(root + std::string(kPickle));
  const Pickle pickle = parse_pickle(pickle_bytes, pickle_where, limits.pickle);
  if (pickle.bytes != pickle_bytes.size())
    throw Error(pickle_where,
                fmt::format("has {} bytes behind the pickle", pickle_bytes.size() - pickle.bytes));
  const auto storage = [&](std::string_view key) {
    return archive.read(fmt::format("{}/data/{}", root, key));
  };
  return torch_tensors(pickle, where, storage, owner, bytes.size());
}

}  // namespace

TensorFile parse_torch(std::string_view bytes, const std::string& where,
                       const std::shared_ptr<const void>& owner, const TorchLimits& limits) {
  if (!begins_as_torch_file(bytes))
    throw Error(where,
                bytes.empty()
                    ? "is empty"
                    : "is no torch file: it begins neither as a zip archive nor as its older format",
                hint_about(bytes));
  const auto read = bytes.starts_with("PK") ? read_archive : read_legacy;
  return {read(bytes, where, owner, limits), {}};
}

TensorFile read_torch(const std::string& path, const TorchLimits& limits) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  return parse_torch(file->bytes(), path, file, limits);
}

TensorFile read_tensor_file(const std::string& path) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  return begins_as_torch_file(file->bytes()) ? parse_torch(file->bytes(), path, file)
                                             : parse_safetensors(file->bytes(), path, file);
}

}  // namespace frugal
