// GPT-2 (Radford et al. 2019): a decoder of pre-norm layers whose joint projections are stored [in, out].
//
// And GPT-3's shape (Brown et al. 2020, section 2.1), some of whose layers see a band only: config.json names
// them as GPT-Neo's does, "attention_layers": ["global", "local", ...] and "window_size".
#pragma once

#include "frugal/models/model.h"

namespace frugal {

struct Gpt2Config {
  int64_t vocab = 0, hidden = 0, layers = 0, positions = 0, labels = 2;
  std::vector<int64_t> heads, ffn;  // one a layer
  std::vector<int64_t> windows;     // one a layer; 0: all tokens before
  int64_t head_size = 0;
  Activation activation = Activation::gelu_tanh;
  double norm_eps = 1e-5, embedding_dropout = 0.1, dropout = 0.1, attention_dropout = 0.1;
  double classifier_dropout = 0.1;
  bool tied = true;
};

class Gpt2 : public Model {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  void build(Net& net) const override;
  std::string body_prefix() const override { return "transformer."; }
  std::string layer_prefix() const override { return body() + "h."; }
  std::string word_embedding() const override { return body() + "wte.weight"; }
  LayerKeys layer_keys() const override { return {"n_layer", "n_head", "n_inner"}; }
  bool is_buffer(const std::string& name) const override;

 private:
  Gpt2(Json config, ModelInfo info, Gpt2Config gpt2)
      : Model(std::move(config), std::move(info)), config_(std::move(gpt2)) {}

  std::string body() const { return info().bare ? "" : "transformer."; }
  Value decode(Net& net, Scope at) const;
  Value layer(Net& net, Scope at, Value x, int64_t index) const;

  Gpt2Config config_;
};

}  // namespace frugal
