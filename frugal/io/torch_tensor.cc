#include "frugal/io/torch_tensor.h"

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/io/tensor_rules.h"

namespace frugal {
namespace {

using Kind = PickleValue::Kind;

bool is_dense(const StoredTensor& tensor) {
  int64_t expected = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] == 1) continue;  // its stride is never used
    if (tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

// The index after the last element that the tensor touches; nullopt where it overflows.
std::optional<uint64_t> end_of(const StoredTensor& tensor) {
  std::optional<uint64_t> end = checked_add(static_cast<uint64_t>(tensor.offset), 1);
  for (size_t i = 0; end && i < tensor.shape.size(); ++i) {
    const auto steps =
        checked_mul(static_cast<uint64_t>(tensor.shape[i] - 1), static_cast<uint64_t>(tensor.strides[i]));
    end = steps ? checked_add(*end, *steps) : std::nullopt;
  }
  return end;
}

// Copies the tensor's elements, each of `size` bytes and the first at `from`, to `to` in row-major order.
void copy_elements(const StoredTensor& tensor, size_t size, const char* from, char* to) {
  const size_t rank = tensor.shape.size();
  Shape at(rank, 0);
  int64_t element = 0;
  for (int64_t count = element_count(tensor.shape); count-- > 0; to += size) {
    std::memcpy(to, from + static_cast<size_t>(element) * size, size);
    for (size_t i = rank; i-- > 0;) {
      element += tensor.strides[i];
      if (++at[i] < tensor.shape[i]) break;
      element -= tensor.strides[i] * tensor.shape[i];
      at[i] = 0;
    }
  }
}

class Builder {
 public:
  Builder(const std::string& where, const StorageBytes& storage, const std::shared_ptr<const void>& owner,
          uint64_t file_bytes)
      : where_(where), storage_(storage), owner_(owner), copy_bytes_(2 * file_bytes + (1 << 20)) {}

  Tensor build(const std::string& name, const StoredTensor& stored) {
    const auto size = byte_size(stored.shape, stored.memory.type);
    if (!size) fail_at(name, fmt::format("the size of its shape {} overflows", to_string(stored.shape)));
    const std::shared_ptr<Tensor> memory = memory_of(name, stored.memory);
    if (*size == 0) return Tensor(stored.memory.type, stored.shape);
    const auto end = end_of(stored);
    if (!end || *end > static_cast<uint64_t>(stored.memory.elements))
      fail_at(name,
              fmt::format("its shape {}, strides {} and offset {} reach beyond its storage of {} elements",
                          to_string(stored.shape), to_string(stored.strides), stored.offset,
                          stored.memory.elements));
    const size_t width = size_of(stored.memory.type);
    char* const start = static_cast<char*>(memory->bytes()) + static_cast<size_t>(stored.offset) * width;
    if (is_dense(stored)) return Tensor(stored.memory.type, stored.shape, start, memory);
    if (*size > copy_bytes_)
      fail_at(name,
              fmt::format("its strides {} repeat elements: dense copies would take far more than the file",
                          to_string(stored.strides)));
    copy_bytes_ -= *size;
    Tensor copy(stored.memory.type, stored.shape);
    copy_elements(stored, width, start, static_cast<char*>(copy.bytes()));
    return copy;
  }

  [[noreturn]] void fail_at(std::string_view name, const std::string& message,
                            const std::string& hint = {}) const {
    throw Error(where_, fmt::format("tensor {}: {}", in_quotes(name), message), hint);
  }

 private:
  // A storage is looked up, its checksum verified and, where it is not aligned, copied once.
  std::shared_ptr<Tensor> memory_of(const std::string& name, const StoredMemory& memory) {
    std::shared_ptr<Tensor>& known = known_[memory.key];
    if (!known) {
      const std::string_view bytes = storage_(memory.key);
      const uint64_t expected = static_cast<uint64_t>(memory.elements) * size_of(memory.type);
      if (bytes.size() != expected)
        fail_at(name, fmt::format("its storage {} should have {} bytes and has {}", in_quotes(memory.key),
                                  expected, bytes.size()));
      known = std::make_shared<Tensor>(view_or_copy(memory.type, {memory.elements}, bytes, owner_));
    }
    if (known->type() != memory.type || known->count() != memory.elements)
      fail_at(name,
              fmt::format("its storage {} is of another type or size elsewhere", in_quotes(memory.key)));
    return known;
  }

  const std::string& where_;
  const StorageBytes& storage_;
  const std::shared_ptr<const void>& owner_;
  uint64_t copy_bytes_;
  std::map<std::string_view, std::shared_ptr<Tensor>> known_;
};

}  // namespace

TensorMap torch_tensors(const Pickle& pickle, const std::string& where, const StorageBytes& storage,
                        const std::shared_ptr<const void>& owner, uint64_t file_bytes) {
  if (pickle.top.kind != Kind::dict)
    throw Error(where,
                fmt::format("holds {}, a dictionary of tensors was expected", kind_name(pickle.top.kind)));
  Builder builder(where, storage, owner, file_bytes);
  TensorMap tensors;
  const auto& items = pickle.items[static_cast<size_t>(pickle.top.integer)];
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    const PickleValue &key = items[i], &value = items[i + 1];
    if (key.kind != Kind::text)
      throw Error(where, fmt::format("a tensor's name is {}, not text", kind_name(key.kind)));
    const std::string name(key.text);
    if (const auto problem = tensor_name_problem(name)) builder.fail_at(name, *problem);
    if (value.kind != Kind::tensor)
      builder.fail_at(name, fmt::format("is {}, not a tensor", kind_name(value.kind)),
                      "only a plain state dict is read: save model.state_dict() by itself");
    const StoredTensor& stored = pickle.tensors[static_cast<size_t>(value.integer)];
    if (!tensors.emplace(name, builder.build(name, stored)).second) builder.fail_at(name, "is there twice");
  }
  return tensors;
}

}  // namespace frugal
