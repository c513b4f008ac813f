// Switch Transformer (Fedus, Zoph & Shazeer 2021, arXiv 2101.03961), as config.json and checkpoints of
// Hugging Face name it: T5 with expert layers (nn/experts.h) in the place of some feed-forward layers.
//
// With labels the loss has the routers' losses (ops/router_loss.h) of both stacks, as the reference has with
// output_router_logits: none of a stack whose every layer is sparse (its sparse step is 1).
#pragma once

#include "frugal/models/t5.h"
#include "frugal/nn/experts.h"
#include "frugal/ops/router_loss.h"

namespace frugal {

struct SwitchConfig {
  ExpertsConfig experts;
  int64_t encoder_step = 0, decoder_step = 0;  // every step-th layer is sparse, from layer 1; 1: all; 0: none
  RouterLossWeights loss;
};

class Switch : public T5 {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  // Without the tie the reference gives each stack a table of its own; ours are one.
  std::map<std::string, std::string> second_names() const override;

 protected:
  Value feed_forward(Net& net, const Scope& at, Value x, Stack& stack, int64_t index) const override;
  Value stack_loss(const Stack& encoder, const Stack& decoder) const override;

 private:
  Switch(Json config, ModelInfo info, T5Config t5, SwitchConfig sparse)
      : T5(std::move(config), std::move(info), t5), config_(sparse) {}
  SwitchConfig config_;
};

}  // namespace frugal
