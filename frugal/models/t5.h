// T5 (Raffel et al. 2019, arXiv 1910.10683) in its versions 1.0 and 1.1, T0 and mT5, as config.json and
// checkpoints of Hugging Face name them. T5's stack with other feed-forward layers is a subclass
// (models/switch.h).
//
// Where files and configuration disagree, a folder is read as Transformers 5 reads it: the head is untied
// when its tensor differs from the embedding, whatever `tie_word_embeddings` says, and tied when it is not
// there; the decoder's output is scaled as `scale_decoder_outputs` says, else by whether
// `tie_word_embeddings` is false (T5 1.1 and T0: not scaled); mT5 never scales. Sequence classification reads
// the decoder's last row, which is the end token's where inputs end with one, as the reference wants it.
#pragma once

#include "frugal/models/config_reader.h"
#include "frugal/models/model.h"

namespace frugal {

struct T5Config {
  int64_t vocab = 0, width = 0, head_size = 0, heads = 0, ffn = 0, layers = 0, decoder_layers = 0;
  int64_t buckets = 32, max_distance = 128;  // of the relative position bias
  double norm_eps = 1e-6, dropout = 0.1, classifier_dropout = 0;
  Activation activation = Activation::relu;
  bool gated = false;  // feed-forward layers multiply an activated by a linear projection
  bool tied = true;    // the head is the embedding
  bool scaled = true;  // the decoder's output times width^-0.5 before the head
};

class T5 : public Model {
 public:
  static std::unique_ptr<Model> make_t5(const Json& config, const std::string& where);
  static std::unique_ptr<Model> make_mt5(const Json& config, const std::string& where);
  void build(Net& net) const override;
  std::string body_prefix() const override;
  std::string layer_prefix() const override { return body_prefix() + "encoder.block."; }
  LayerKeys layer_keys() const override { return {"num_layers", "num_heads", "d_ff"}; }
  std::string word_embedding() const override { return body_prefix() + "shared.weight"; }
  std::string canonical_name(const std::string& stored) const override;
  bool is_buffer(const std::string& name) const override;
  std::optional<Json> config_for(const TensorMap& tensors) const override;

 protected:
  // One of the two stacks under construction.
  struct Stack {
    const Side& side;
    bool decoder;
    int64_t layers;
    Value memory;                      // of a decoder: what it reads of the encoder
    Value bias;                        // of block 0, shared by all
    std::vector<Value> router_logits;  // of sparse layers
  };

  T5(Json config, ModelInfo info, T5Config t5) : Model(std::move(config), std::move(info)), config_(t5) {}
  // What all of the family read.
  static T5Config read_config(const Json& json, ConfigReader& read, ModelInfo& info);

  // The feed-forward layer of block `index`, under `at` (".layer.2"), after the norm.
  virtual Value feed_forward(Net& net, const Scope& at, Value x, Stack& stack, int64_t index) const;
  // A loss of the stacks themselves, which is added to the head's; nothing: no such loss.
  virtual Value stack_loss(const Stack&, const Stack&) const { return {}; }

  Value mlp(Net& net, const Scope& at, Value x) const;
  const T5Config& t5() const { return config_; }

 private:
  Value run(Net& net, const Scope& at, Stack& stack) const;
  Value block(Net& net, const Scope& at, Value x, Stack& stack, int64_t index) const;
  Value attend(Net& net, const Scope& at, Value x, Stack& stack, bool across) const;
  void head(Net& net, Value decoded, const Stack& encoder, const Stack& decoder) const;

  T5Config config_;
};

}  // namespace frugal
