// XLNet (Yang et al. 2019, arXiv 1906.08237): layers whose attention knows distances and segments, over the
// tokens and a memory before them. As a language model it has a second stream of rows, the queries: each
// stands at the position of a token that it predicts and sees what the permutation lets it see, not the
// token.
//
// In a batch the queries are the target side. `Net::shape` says whether there are any, whether pairs are
// hidden (inputs "hidden" U8[tokens, longest] and "decoder_hidden"), and how many rows of memory each
// sequence has (inputs "mems.<layer>" F32[sequences * memory, hidden], and the keys' "key_offsets",
// "key_positions" and "key_types").
#pragma once

#include "frugal/models/model.h"
#include "frugal/nn/span_search.h"

namespace frugal {

struct XlnetConfig {
  int64_t vocab = 0, hidden = 0, layers = 0, labels = 2;
  std::vector<int64_t> heads, ffn;  // one a layer
  int64_t head_size = 0;
  Activation activation = Activation::gelu;
  double norm_eps = 1e-12, dropout = 0.1;
  bool causal = false;       // attn_type "uni"
  bool same_length = false;  // causal: each token sees as many as there is memory
  int64_t clamp_length = -1;
  int64_t padding = -1;
  bool tied = true;
  std::string summary = "last";  // how a sequence becomes one row: last, first, mean
  bool summary_projects = true;
  Activation summary_activation = Activation::tanh;
  double summary_first_dropout = 0, summary_last_dropout = 0.1;
  SpanSearch search;
};

class Xlnet : public Model {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  void build(Net& net) const override;
  std::string body_prefix() const override { return "transformer."; }
  std::string layer_prefix() const override { return body() + "layer."; }
  std::string word_embedding() const override { return body() + "word_embedding.weight"; }
  LayerKeys layer_keys() const override { return {"n_layer", "n_head", "d_inner"}; }
  bool is_buffer(const std::string& name) const override;

 private:
  struct Stream;
  struct Keys;
  Xlnet(Json config, ModelInfo info, XlnetConfig xlnet)
      : Model(std::move(config), std::move(info)), config_(std::move(xlnet)) {}

  std::string body() const { return info().bare ? "" : "transformer."; }
  Value encode(Net& net, Scope at) const;
  Keys keys_of(Net& net, const Scope& at, Value x, Value distances, int64_t index) const;
  Value project(Net& net, const Scope& at, Value x, int64_t heads) const;
  Value attend(Net& net, const Scope& at, const Stream& stream, const Keys& keys, int64_t index) const;
  Value feed_forward(Net& net, const Scope& at, const Scope& site, Value x, int64_t index) const;
  Value summarize(Net& net, Value x) const;

  XlnetConfig config_;
};

}  // namespace frugal
