// A dense row-major array: element type, shape, and shared ownership of its bytes.
//
// Copying a Tensor shares the bytes. The bytes may live in memory that this process allocated (64-byte
// aligned) or in a mapped file, which `owner` keeps alive. Not synchronised: writers must be alone.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "frugal/tensor/dtype.h"

namespace frugal {

using Shape = std::vector<int64_t>;

int64_t element_count(const Shape& shape);
std::string to_string(const Shape& shape);  // "[2, 3]"

class Tensor {
 public:
  Tensor() = default;
  Tensor(DType type, Shape shape);  // allocates, zero-filled
  // A view of bytes that `owner` keeps alive.
  Tensor(DType type, Shape shape, void* bytes, std::shared_ptr<const void> owner);

  static Tensor scalar(float value);
  template <class T>
  static Tensor of(Shape shape, std::span<const T> values);

  explicit operator bool() const { return bytes_ != nullptr || !shape_.empty() || owner_ != nullptr; }
  DType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  int64_t dim(int i) const { return shape_[i < 0 ? shape_.size() + i : static_cast<size_t>(i)]; }
  int64_t count() const { return element_count(shape_); }
  size_t byte_count() const { return static_cast<size_t>(count()) * size_of(type_); }

  void* bytes() { return bytes_; }
  const void* bytes() const { return bytes_; }
  template <class T>
  std::span<T> data() {
    assert(sizeof(T) == size_of(type_));
    return {static_cast<T*>(bytes_), static_cast<size_t>(count())};
  }
  template <class T>
  std::span<const T> data() const {
    assert(sizeof(T) == size_of(type_));
    return {static_cast<const T*>(bytes_), static_cast<size_t>(count())};
  }

  Tensor clone() const;                // own, writable copy
  Tensor reshaped(Shape shape) const;  // same bytes
  // Converts between number types (floats round to nearest even); shares the bytes when the type is the same.
  Tensor to(DType type) const;

  // Says that the bytes are a read-only mapping of a file.
  void set_mapped() { mapped_ = true; }
  // Gives the memory of mapped bytes back: when next touched they come from the file again. Other tensors
  // keep theirs.
  void drop_pages() const;

 private:
  DType type_ = DType::f32;
  Shape shape_;
  void* bytes_ = nullptr;
  bool mapped_ = false;
  std::shared_ptr<const void> owner_;
};

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, int32_t>) return DType::i32;
  if constexpr (std::is_same_v<T, int64_t>) return DType::i64;
  if constexpr (std::is_same_v<T, int8_t>) return DType::i8;
  if constexpr (std::is_same_v<T, uint8_t>) return DType::u8;
}

template <class T>
Tensor Tensor::of(Shape shape, std::span<const T> values) {
  Tensor tensor(dtype_of<T>(), std::move(shape));
  assert(static_cast<size_t>(tensor.count()) == values.size());
  std::copy(values.begin(), values.end(), static_cast<T*>(tensor.bytes()));
  return tensor;
}

}  // namespace frugal
