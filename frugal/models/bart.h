// BART (Lewis et al. 2019, arXiv 1910.13461) and DistilBART: an encoder and a decoder of post-norm layers.
#pragma once

#include "frugal/models/model.h"

namespace frugal {

struct BartConfig {
  int64_t vocab = 0, hidden = 0, positions = 0, labels = 3;
  struct Stack {
    int64_t layers = 0;
    std::vector<int64_t> heads, ffn;  // one a layer
  } encoder, decoder;
  Activation activation = Activation::gelu;
  double dropout = 0.1, attention_dropout = 0, activation_dropout = 0, classifier_dropout = 0;
  bool scaled = false, tied = true;
};

class Bart : public Model {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  void build(Net& net) const override;
  std::string body_prefix() const override { return "model."; }
  std::string layer_prefix() const override { return body() + "decoder.layers."; }
  std::string word_embedding() const override { return body() + "shared.weight"; }
  LayerKeys layer_keys() const override {
    return {"decoder_layers", "decoder_attention_heads", "decoder_ffn_dim"};
  }
  bool is_buffer(const std::string& name) const override;

 private:
  Bart(Json config, ModelInfo info, BartConfig bart)
      : Model(std::move(config), std::move(info)), config_(std::move(bart)) {}

  std::string body() const { return info().bare ? "" : "model."; }
  Value embed(Net& net, const Side& side, Scope at) const;
  Value encode(Net& net, Scope at) const;
  Value decode(Net& net, Scope at, Value memory) const;
  // Sub-layers, each with its dropout, residual sum and norm.
  Value self_attention(Net& net, const Side& side, Scope at, Value x, int64_t heads, bool causal) const;
  Value cross_attention(Net& net, Scope at, Value x, Value memory, int64_t heads) const;
  Value feed_forward(Net& net, Scope at, Value x, int64_t width) const;
  Value word_logits(Net& net, Value x) const;

  BartConfig config_;
};

}  // namespace frugal
