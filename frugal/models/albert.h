// ALBERT (Lan et al. 2019, arXiv 1909.11942): narrow embeddings, and layers that share their weights in
// groups.
#pragma once

#include "frugal/models/bert_like.h"

namespace frugal {

class Albert : public BertLike {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  bool is_buffer(const std::string& name) const override;
  std::string layer_prefix() const override { return ""; }  // no tensor belongs to one layer alone

 private:
  Albert(Json config, ModelInfo info, BertConfig bert, int64_t groups, int64_t inner)
      : BertLike("albert", std::move(config), std::move(info), std::move(bert)),
        groups_(groups),
        inner_(inner) {}
  Value layer(Net& net, Scope at, Value x, int64_t index) const override;
  Value inner_layer(Net& net, Scope at, Value x, int64_t index) const;
  Value project(Net& net, Scope at, Value x) const override;
  Scope layer_scope(Scope at, int64_t index) const override;
  Value pool(Net& net, Scope at, Value x) const override;
  Value word_logits(Net& net, Value x) const override;
  void pretraining(Net& net, Value x) const override;

  int64_t groups_, inner_;
};

}  // namespace frugal
