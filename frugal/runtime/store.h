// The tensors that outlive runs, by name: weights as the checkpoint names them, optimizer state, and
// constants folded from frozen weights. Shared by all programs of one model. Not synchronised.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "frugal/graph/op.h"

namespace frugal {

class Store {
 public:
  // The tensor called `name`; created zero-filled when it is not there. An existing one of another type is an
  // Error.
  Tensor& get_or_create(const std::string& name, const TensorType& type);
  Tensor* find(const std::string& name);
  const Tensor* find(const std::string& name) const;
  void set(const std::string& name, Tensor tensor) { tensors_[name] = std::move(tensor); }
  void erase(const std::string& name) { tensors_.erase(name); }
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }

  // Folded constants, by the expression they were computed from.
  std::map<std::string, Tensor>& folded() { return folded_; }
  // Zero-filled memory for one of them, U8[bytes]. They lie side by side, so that most share large pages.
  Tensor folded_memory(size_t bytes);

 private:
  std::map<std::string, Tensor> tensors_, folded_;
  Tensor block_{DType::u8, {0}};  // which the next folded constants share
  size_t block_used_ = 0;
};

}  // namespace frugal
