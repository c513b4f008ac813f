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

Tensor* Store::find(const std::string& name) {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const Tensor* Store::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace frugal
