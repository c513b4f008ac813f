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
#include "frugal/ops/attention.h"
#include "frugal/ops/cached_attention.h"

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
  bool trainable = true;  // false: a stored number that no step changes; absent in a checkpoint, it is zero
};

// What a row of an output stands for, so that it can be laid out again as the caller's padded batch.
enum class Rows : uint8_t {
  token,         // one row a token: [T, ...] of [B, L, ...]
  target_token,  // the same on the decoder's side
  sequence,      // one row a sequence: [S, ...] of [B, ...]
  whole,         // as it is: a loss
};

enum class LabelKind : uint8_t { none, class_index, real, multi_hot };

// What a graph is for. The model builds the same in each: the attention functions of Net choose the
// operation, and what nobody reads is dropped.
enum class Stage : uint8_t {
  whole,   // all rows of all sequences
  encode,  // the encoder, whose keys and values go to the caches of the decoder's cross attention
  step,    // a decoder's new rows, which continue the sequences in the caches
};

// Sizes of the key and value caches of generation, in rows (tokens). The caches are variables
// "cache.<scope>.key" and ".value", "source_cache.<scope>..." for cross attention; see ops/cached_attention.h
// for what a row is.
struct CacheSizes {
  int64_t rows = 0, capacity = 0;                // of all sequences together; of one
  int64_t source_rows = 0, source_capacity = 0;  // the same of the encoder's side
  auto operator<=>(const CacheSizes&) const = default;
};

struct NetOptions {
  bool training = false;               // dropout on
  LabelKind labels = LabelKind::none;  // adds the loss
  double label_smoothing = 0;
  Stage stage = Stage::whole;
  CacheSizes cache;  // of the stages encode and step
};

// The packed rows of one side of a batch. A model with one side has a source; a decoder that reads an encoder
// is the target. Each call gives the same input of the graph again; the target's are named "decoder_...".
struct Side {
  Graph* graph;
  std::string prefix;
  int64_t tokens, sequences, longest;

  Value ids() const { return input("ids", tokens); }      // I32[T] token ids, -1 in rows of the round-up
  Value types() const { return input("types", tokens); }  // I32[T] token type (segment) ids
  Value positions() const { return input("positions", tokens); }  // I32[T] of each token in its sequence
  // I32[S+1] first row of each sequence; rows past offsets[S] are round-up.
  Value offsets() const { return input("offsets", sequences + 1); }
  // I32[S] row of each sequence's first and last token, -1 for an empty one.
  Value first_rows() const { return input("first_rows", sequences); }
  Value last_rows() const { return input("last_rows", sequences); }
  // I32[T] and I32[S]: each token's place in its sequence, and how many places that has, those without a
  // token included.
  Value columns() const { return input("columns", tokens); }
  Value extents() const { return input("extents", sequences); }

 private:
  Value input(const char* name, int64_t count) const { return graph->input(prefix + name, i32({count})); }
};

class Net {
 public:
  Net(Graph& graph, const BatchShape& shape, const NetOptions& options);

  Graph& graph;
  const BatchShape shape;
  const NetOptions options;
  const Side source, target;

  // The source's inputs, for models with one side.
  Value ids() { return source.ids(); }
  Value types() { return source.types(); }
  Value positions() { return source.positions(); }
  Value offsets() { return source.offsets(); }
  Value one_each();  // I32[S+1] 0,1,2,...: offsets of one row a sequence
  Value random();    // I64[2] seed and step, for dropout
  Value label(const std::string& name, TensorType type) { return graph.input(name, std::move(type)); }

  // Building blocks. Weights lie under `at` as the checkpoint names them: at.weight, at.bias.
  Value parameter(const Scope& at, Shape shape, Init init = Init::normal);
  Value buffer(const Scope& at, Shape shape);  // stored, not trained
  Value linear(const Scope& at, Value x, int64_t out);
  Value linear_no_bias(const Scope& at, Value x, int64_t out);
  // As GPT-2's checkpoints store it: at.weight is [in, out].
  Value conv1d(const Scope& at, Value x, int64_t out);
  Value norm(const Scope& at, Value x, double eps);
  Value rms_norm(const Scope& at, Value x, double eps);
  Value embed(const Scope& at, Value ids, int64_t rows, int64_t width, int64_t padding = -1);
  Value activate(Value x, Activation activation);
  Value dropout(const Scope& at, Value x, double rate);
  // Multi-head attention of q over k and v, all of this batch's sequences; [T, heads * head size] each.
  // Scores are divided by the root of the head size.
  Value attend(const Scope& at, Value q, Value k, Value v, int64_t heads, double dropout);
  // A token sees itself and those before it, of a window only the last so many, itself among them (0: all).
  // k and v may have fewer heads than q, a number that divides q's (grouped queries: Ainslie et al. 2023).
  Value attend_causal(const Side& side, const Scope& at, Value q, Value k, Value v, int64_t heads,
                      double dropout, int64_t window = 0);
  // Queries of the target over keys and values of the source. scale 0: by the root of the head size, as
  // above.
  Value attend_across(const Scope& at, Value q, Value k, Value v, int64_t heads, double dropout,
                      double scale = 0);
  // T5's: scores are not scaled, and `bias` (ops/relative_attention.h) counts by the rows' positions.
  Value attend_relative(const Side& side, const Scope& at, Value q, Value k, Value v, Value bias, bool causal,
                        int64_t heads, double dropout);
  // Row 0, or the last row, of each sequence: [S, H].
  Value first_of(Value x) { return gather(x, source.first_rows()); }
  Value last_of(const Side& side, Value x) { return gather(x, side.last_rows()); }

  void output(const std::string& name, Value value, Rows rows);
  // A named inner value that distillation may match: "hidden.0" is the embedding, "hidden.i" the output of
  // layer i.
  void tap(const std::string& name, Value value) { taps_[name] = value; }

  const std::map<std::string, Value>& taps() const { return taps_; }
  const std::map<std::string, Rows>& output_rows() const { return output_rows_; }
  const std::vector<ParameterSpec>& parameters() const { return parameters_; }

 private:
  Value gather(Value x, Value rows);
  struct Caches {
    Value key, value;
  };
  Caches caches(const std::string& kind, const Scope& at, int64_t rows, Value k, Value v);
  // Which cache rows hold a sequence's past, and the encoder's rows: inputs "cache_lengths" I32[S],
  // "cache_rows" I32[S, capacity], "source_lengths" I32[S], "source_rows" I32[S, source capacity].
  Value attend_past(const Side& side, const Scope& at, Value q, Value k, Value v,
                    const AttentionOptions& attention, Value bias = {});
  CacheTable source_table();
  AttentionOptions attention_options(const Scope& at, Value q, int64_t heads, double dropout) const;
  Value random_for(float dropout) { return dropout > 0 ? random() : Value{}; }

  std::map<std::string, Value> taps_;
  std::map<std::string, Rows> output_rows_;
  std::vector<ParameterSpec> parameters_;  // in the order of first use, each once
};

}  // namespace frugal
