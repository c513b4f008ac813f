// MegatronBERT (Shoeybi et al. 2019, arXiv 1909.08053): BERT with each block's layer norm before it, and one
// more after the last layer.
#pragma once

#include "frugal/models/bert.h"

namespace frugal {

class MegatronBert : public Bert {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);

 private:
  using Bert::Bert;
  Value embeddings(Net& net, Scope at) const override;
  Value layer(Net& net, Scope at, Value x, int64_t index) const override;
  Value encode(Net& net, Scope at) const override;
};

}  // namespace frugal
