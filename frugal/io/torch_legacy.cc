#include "frugal/io/torch_legacy.h"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/io/torch_tensor.h"

namespace frugal {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c
constexpr int64_t kVersion = 1001;

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& where, const TorchLimits& limits)
      : bytes_(bytes), where_(where), limits_(limits) {}

  TensorMap read(const std::shared_ptr<const void>& owner) {
    const PickleValue magic = next("magic number").top;
    if (magic.kind != Kind::big || magic.text != kMagic)
      fail("is no torch file: its magic number is another");
    const PickleValue version = next("version").top;
    if (version.kind != Kind::integer || version.integer != kVersion)
      fail(fmt::format("its version is not {}", kVersion));
    check_machine(next("machine"));
    const Pickle state = next("state dict");
    read_storages(state, next("keys"));
    const auto storage = [&](std::string_view key) {
      const auto found = storages_.find(key);
      if (found == storages_.end()) fail(fmt::format("has no storage {}", in_quotes(key)));
      return found->second;
    };
    return torch_tensors(state, where_, storage, owner, bytes_.size());
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw Error(where_, message); }

  Pickle next(const char* what) {
    Pickle pickle = parse_pickle(bytes_.substr(at_), fmt::format("{}: {}", where_, what), limits_.pickle);
    at_ += pickle.bytes;
    return pickle;
  }

  void check_machine(const Pickle& pickle) const {
    if (pickle.top.kind != Kind::dict) fail("does not describe the machine that wrote it");
    const auto& items = pickle.items[static_cast<size_t>(pickle.top.integer)];
    for (size_t i = 0; i + 1 < items.size(); i += 2)
      if (items[i].text == "little_endian" && items[i + 1].kind == Kind::boolean && items[i + 1].integer == 0)
        fail("its byte order is big, only little is read");
  }

  // The storages lie in the order of `keys`, each behind its number of elements. How long an element is only
  // the state dict tells.
  void read_storages(const Pickle& state, const Pickle& keys) {
    std::map<std::string_view, DType> types;
    for (const StoredMemory& memory : state.storages) types.emplace(memory.key, memory.type);
    if (keys.top.kind != Kind::list) fail("has no list of storages");
    for (const PickleValue& key : keys.items[static_cast<size_t>(keys.top.integer)]) {
      const auto type = types.find(key.text);
      if (key.kind != Kind::text || type == types.end())
        fail(fmt::format("lists a storage {} that no tensor names", in_quotes(key.text)));
      const std::string_view bytes = storage(key.text, type->second);
      if (!storages_.emplace(key.text, bytes).second)
        fail(fmt::format("lists storage {} twice", in_quotes(key.text)));
    }
    if (at_ != bytes_.size()) fail(fmt::format("has {} bytes behind its last storage", bytes_.size() - at_));
  }

  std::string_view storage(std::string_view key, DType type) {
    uint64_t elements;
    if (bytes_.size() - at_ < sizeof(elements))
      fail(fmt::format("is cut off before storage {}", in_quotes(key)));
    std::memcpy(&elements, bytes_.data() + at_, sizeof(elements));
    at_ += sizeof(elements);
    const auto size = checked_mul(elements, size_of(type));
    if (!size || *size > bytes_.size() - at_)
      fail(fmt::format("is cut off: storage {} has {} elements, {} bytes are left", in_quotes(key), elements,
                       bytes_.size() - at_));
    at_ += *size;
    return bytes_.substr(at_ - *size, *size);
  }

  std::string_view bytes_;
  const std::string& where_;
  const TorchLimits& limits_;
  size_t at_ = 0;
  std::map<std::string_view, std::string_view> storages_;
};

}  // namespace

TensorMap read_legacy(std::string_view bytes, const std::string& where,
                      const std::shared_ptr<const void>& owner, const TorchLimits& limits) {
  return Reader(bytes, where, limits).read(owner);
}

}  // namespace frugal
