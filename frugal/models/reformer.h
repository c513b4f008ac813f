// Reformer (Kitaev, Kaiser & Levskaya 2020, arXiv 2001.04451) and its heads, as config.json and checkpoints
// of Hugging Face name them: reversible layers whose attention is local or by hashing, and axial positions.
#pragma once

#include "frugal/models/model.h"
#include "frugal/nn/chunk_attention.h"

namespace frugal {

struct ReformerConfig {
  int64_t vocab = 0, hidden = 0, positions = 0, labels = 2;
  std::vector<std::string> kinds;   // "local" or "lsh", one a layer
  std::vector<int64_t> heads, ffn;  // one a layer
  int64_t head_size = 64;
  std::vector<int64_t> axial_shape, axial_widths;  // empty: one table of positions
  ChunkOptions local, lsh;
  LshSettings hash;
  Activation activation = Activation::relu;
  double norm_eps = 1e-12, dropout = 0.05, local_dropout = 0.05, lsh_dropout = 0, classifier_dropout = 0.05;
  int64_t ffn_rows = 0, head_rows = 0;  // of each sequence at a time; 0: all
};

class Reformer : public Model {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  void build(Net& net) const override;
  std::string body_prefix() const override { return "reformer."; }
  std::string layer_prefix() const override { return body() + "encoder.layers."; }
  std::string word_embedding() const override { return body() + "embeddings.word_embeddings.weight"; }
  LayerKeys layer_keys() const override {
    return {"num_hidden_layers", "num_attention_heads", "feed_forward_size"};
  }
  bool is_buffer(const std::string& name) const override;

 private:
  Reformer(Json config, ModelInfo info, ReformerConfig reformer)
      : Model(std::move(config), std::move(info)), config_(std::move(reformer)) {}

  std::string body() const { return info().bare ? "" : "reformer."; }
  Value embed_positions(Net& net, const Scope& at) const;
  Value attend(Net& net, const Scope& at, Value x, int64_t index) const;
  Value feed_forward(Net& net, const Scope& at, Value x, int64_t index) const;
  Value encode(Net& net, Scope at) const;
  Value word_logits(Net& net, Value x) const;

  ReformerConfig config_;
};

}  // namespace frugal
