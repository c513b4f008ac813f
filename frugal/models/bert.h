// BERT (Devlin et al. 2018, arXiv 1810.04805) and its heads, as config.json and checkpoints of Hugging Face
// name them.
#pragma once

#include "frugal/models/bert_like.h"

namespace frugal {

class Bert : public BertLike {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  bool is_buffer(const std::string& name) const override;

 protected:
  using BertLike::BertLike;
  // Head and labels of a family with BERT's heads.
  static ModelInfo read_info(ConfigReader& read, std::string_view family);
  Value word_logits(Net& net, Value x) const override;
};

}  // namespace frugal
