// What a model is written with: a graph under construction, the packed rows of the batch, and the tensors the
// model declares as it goes. A scope is the checkpoint's own tensor name, so a weight is named once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "frugal/data/batch.h"
#include "frugal/graph/graph.h"
#include "frugal/ops/activation.h"

namespace frugal {

// A module path: at / "encoder.layer" / 3 / "output" is "encoder.layer.3.output".
class Scope {
 public:
  Scope() = default;
  Scope(std::string path) : path_(std::move(path)) {}  // NOLINT: a path is a scope
  Scope(const char* path) : path_(path) {}             // NOLINT
  Scope operator/(const std::string& name) const {
    return path_.empty() ? Scope(name) : Scope(path_ + "." + name);
  }
  Scope operator/(int64_t index) const { return *this / std::to_string(index); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// How a tensor starts when no checkpoint gives it.
enum class Init : uint8_t { normal, zeros, ones };

struct ParameterSpec {
  std::string name;
  Shape shape;
  Init init = Init::normal;
};

// What a row of an output stands for, so that it can be laid out again as the caller's padded batch.
enum class Rows : uint8_t {
  token,     // one row a token: [T, ...] of [B, L, ...]
  sequence,  // one row a sequence: [S, ...] of [B, ...]
  whole,     // as it is: a loss
};

enum class LabelKind : uint8_t { none, class_index, real, multi_hot };

struct NetOptions {
  bool training = false;               // dropout on
  LabelKind labels = LabelKind::none;  // adds the loss
  double label_smoothing = 0;
};

class Net {
 public:
  Net(Graph& graph, const BatchShape& shape, const NetOptions& options);

  Graph& graph;
  const BatchShape shape;
  const NetOptions options;

  // Inputs of the batch; each call gives the same node.
  Value ids();         // I32[T] token ids, -1 in rows of the bucket's round-up
  Value types();       // I32[T] token type (segment) ids
  Value positions();   // I32[T] position of each token in its sequence as the model counts
  Value offsets();     // I32[S+1] first row of each sequence; rows past offsets[S] are round-up
  Value first_rows();  // I32[S] row of each sequence's first token, -1 for an empty one
  Value one_each();    // I32[S+1] 0,1,2,...: offsets of one row a sequence
  Value random();      // I64[2] seed and step, for dropout
  Value label(const std::string& name, TensorType type) { return graph.input(name, std::move(type)); }

  // Building blocks. Weights lie under `at` as the checkpoint names them: at.weight, at.bias.
  Value parameter(const Scope& at, Shape shape, Init init = Init::normal);
  Value linear(const Scope& at, Value x, int64_t out);
  Value norm(const Scope& at, Value x, double eps);
  Value embed(const Scope& at, Value ids, int64_t rows, int64_t width, int64_t padding = -1);
  Value activate(Value x, Activation activation);
  Value dropout(const Scope& at, Value x, double rate);
  // Multi-head attention of q over k and v, all of this batch's sequences; [T, heads * head size] each.
  Value attend(const Scope& at, Value q, Value k, Value v, int64_t heads, double dropout);
  // Row 0 of each sequence: [S, H].
  Value first_of(Value x);

  void output(const std::string& name, Value value, Rows rows);
  // A named inner value that distillation may match: "hidden.0" is the embedding, "hidden.i" the output of
  // layer i.
  void tap(const std::string& name, Value value) { taps_[name] = value; }

  const std::map<std::string, Value>& taps() const { return taps_; }
  const std::map<std::string, Rows>& output_rows() const { return output_rows_; }
  const std::vector<ParameterSpec>& parameters() const { return parameters_; }

 private:
  std::map<std::string, Value> taps_;
  std::map<std::string, Rows> output_rows_;
  std::vector<ParameterSpec> parameters_;  // in the order of first use, each once
};

}  // namespace frugal
