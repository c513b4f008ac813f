// Llama (Touvron et al. 2023, arXiv 2302.13971; Llama 3: 2407.21783) and those of its shape, Mistral
// (2310.06825: a window) and Qwen2 (2407.10671: biases): decoders of pre-norm layers with rotary positions,
// RMS norms, a gated feed-forward and heads of queries that share keys and values.
#pragma once

#include "frugal/models/model.h"

namespace frugal {

struct LlamaConfig {
  int64_t vocab = 0, hidden = 0, layers = 0, heads = 0, key_heads = 0, head_size = 0, ffn = 0, labels = 2;
  int64_t window = 0;  // tokens that a token sees, itself among them; 0: all before
  Activation activation = Activation::silu;
  double norm_eps = 1e-6, attention_dropout = 0;
  bool tied = false, query_bias = false, output_bias = false, ffn_bias = false;
  Tensor frequencies;  // F32[head size / 2], of the rotations
};

class Llama : public Model {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  static std::unique_ptr<Model> make_mistral(const Json& config, const std::string& where);
  static std::unique_ptr<Model> make_qwen2(const Json& config, const std::string& where);
  void build(Net& net) const override;
  std::string body_prefix() const override { return "model."; }
  std::string layer_prefix() const override { return body() + "layers."; }
  std::string word_embedding() const override { return body() + "embed_tokens.weight"; }
  bool is_buffer(const std::string& name) const override;

 private:
  Llama(Json config, ModelInfo info, LlamaConfig llama)
      : Model(std::move(config), std::move(info)), config_(std::move(llama)) {}
  static std::unique_ptr<Model> make_as(std::string_view family, const Json& config,
                                        const std::string& where);

  std::string body() const { return info().bare ? "" : "model."; }
  Value decode(Net& net, Scope at) const;
  Value layer(Net& net, Scope at, Value x, Value angles) const;

  LlamaConfig config_;
};

}  // namespace frugal
