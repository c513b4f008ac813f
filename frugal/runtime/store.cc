#include "frugal/runtime/store.h"

#include "frugal/base/error.h"

namespace frugal {

Tensor& Store::get_or_create(const std::string& name, const TensorType& type) {
  auto [slot, fresh] = tensors_.try_emplace(name);
  if (fresh) slot->second = Tensor(type.type, type.shape);
  Tensor& tensor = slot->second;
  if (tensor.type() != type.type || tensor.shape() != type.shape)
    throw Error(name, fmt::format("is {}, the model expects {}",
                                  to_string(TensorType{tensor.type(), tensor.shape()}), to_string(type)));
  return tensor;
}

Tensor Store::folded_memory(size_t bytes) {
  constexpr size_t kBlock = size_t{32} << 20;  // untouched pages cost nothing
  size_t start = (block_used_ + 63) / 64 * 64;
  if (start + bytes > block_.byte_count()) {
    if (bytes >= kBlock / 2) return Tensor(DType::u8, {static_cast<int64_t>(bytes)});
    block_ = Tensor(DType::u8, {static_cast<int64_t>(kBlock)});
    start = 0;
  }
  block_used_ = start + bytes;
  return {DType::u8,
          {static_cast<int64_t>(bytes)},
          static_cast<std::byte*>(block_.bytes()) + start,
          std::make_shared<Tensor>(block_)};
}

Tensor* Store::find(const std::string& name) {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const Tensor* Store::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace frugal
