// The interface of an operation: shape rule, gradient, price and kernel in one object.
//
// An operation's attributes are its members; a node of the graph shares one immutable Op. Adding an operation
// is one room under ops/ and one row in ops/registry.cc, which tests its gradient and its kernels.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/tensor/tensor.h"

namespace frugal {

struct TensorType {
  DType type = DType::f32;
  Shape shape;
  size_t byte_count() const { return static_cast<size_t>(element_count(shape)) * size_of(type); }
  bool operator==(const TensorType&) const = default;
};
inline TensorType f32(Shape shape) { return {DType::f32, std::move(shape)}; }
inline TensorType i32(Shape shape) { return {DType::i32, std::move(shape)}; }
std::string to_string(const TensorType& type);  // "F32[2, 3]"

// What one run of a node costs: floating-point (or integer) operations, and bytes read and written.
struct Work {
  double flops = 0;
  double bytes = 0;
};

// The memory of one call of a kernel. Pointers are 64-byte aligned, shapes are those the kernel was prepared
// for.
struct KernelArgs {
  std::vector<const void*> in;
  std::vector<void*> out;
  template <class T>
  const T* input(size_t i) const {
    return static_cast<const T*>(in[i]);
  }
  template <class T>
  T* output(size_t i) const {
    return static_cast<T*>(out[i]);
  }
  // For operations that update an input (Op::updates).
  template <class T>
  T* updated(size_t i) const {
    return static_cast<T*>(const_cast<void*>(in[i]));
  }
};

// A prepared kernel. `run` is collective: every thread of the team calls it, and when it returns on one
// thread all of the node's results that thread may touch next are complete (Worker::for_each and single end
// in a barrier).
struct Kernel {
  std::function<void(const KernelArgs&, Worker&)> run;
  size_t scratch_bytes = 0;  // per thread
};

struct Value;
struct GradientContext;

class Op {
 public:
  virtual ~Op() = default;
  virtual std::string_view name() const = 0;
  // The attributes as text, for `info --program` and as part of the key under which folded constants are
  // cached.
  virtual std::string attributes() const { return {}; }
  // The shape rule: output types from input types; throws Error without a place (the graph adds the module
  // path).
  virtual std::vector<TensorType> infer(std::span<const TensorType> in) const = 0;
  // Adds nodes that compute the gradients of the inputs; an empty Value for an input without one.
  virtual std::vector<Value> gradient(const GradientContext& context) const;
  virtual Work work(std::span<const TensorType> in, std::span<const TensorType> out) const;
  virtual Kernel kernel(const Context& context, std::span<const TensorType> in,
                        std::span<const TensorType> out) const = 0;
  // Index of the input whose memory output 0 may take over when nothing reads that input later; -1: none.
  virtual int in_place_input() const { return -1; }
  // Output 0 is input 0's memory under another shape; the kernel does nothing.
  virtual bool is_view() const { return false; }
  // Inputs whose row i alone, beside the inputs not listed, decides row i of every output: a pass may drop
  // rows.
  virtual std::vector<int> row_inputs() const { return {}; }
  // Inputs for running the node again when a block is rebuilt (gradient.h): `inputs` may differ from the
  // first ones in their last bits. An operation whose result jumps adds what it noted among its `first`
  // outputs.
  virtual std::vector<Value> replay_inputs(std::vector<Value> inputs, const std::vector<Value>& first) const;
  // Inputs that the kernel overwrites (parameters and optimizer state); such a node is never dropped.
  virtual std::vector<int> updates() const { return {}; }
};

// Throws Error("...") unless `condition`.
void require(bool condition, std::string_view message);
void require_type(const TensorType& type, DType dtype, size_t rank, std::string_view what);

}  // namespace frugal
