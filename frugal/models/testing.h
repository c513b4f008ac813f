// Small random classifiers and batches for tests.
#pragma once

#include <memory>
#include <vector>

#include "frugal/base/random.h"
#include "frugal/data/batch.h"
#include "frugal/models/weights.h"

namespace frugal::test {

struct SmallModel {
  std::shared_ptr<const Model> model;
  std::shared_ptr<Store> store;
};

inline SmallModel small_model(const Json& config) {
  SmallModel made{make_model(config, "test"), std::make_shared<Store>()};
  for (const ParameterSpec& spec : made.model->parameters())
    made.store->set(spec.name, initial_value(spec, 0.2, 7));
  return made;
}

inline SmallModel small_bert(int64_t layers = 2, double dropout = 0.1) {
  const Json config{{"architectures", {"BertForSequenceClassification"}},
                    {"model_type", "bert"},
                    {"vocab_size", 60},
                    {"hidden_size", 48},
                    {"num_hidden_layers", layers},
                    {"num_attention_heads", 3},
                    {"intermediate_size", 70},
                    {"max_position_embeddings", 64},
                    {"type_vocab_size", 2},
                    {"hidden_dropout_prob", dropout},
                    {"attention_probs_dropout_prob", dropout},
                    {"num_labels", 5}};
  return small_model(config);
}

inline SmallModel small_xlnet(int64_t layers = 2, double dropout = 0.1) {
  const Json config{{"architectures", {"XLNetForSequenceClassification"}},
                    {"model_type", "xlnet"},
                    {"vocab_size", 60},
                    {"d_model", 48},
                    {"n_layer", layers},
                    {"n_head", 3},
                    {"d_inner", 70},
                    {"dropout", dropout},
                    {"num_labels", 5}};
  return small_model(config);
}

inline std::vector<Sequence> random_sequences(int64_t count, uint64_t seed) {
  Random random(seed, "sequences");
  std::vector<Sequence> sequences(count);
  for (Sequence& sequence : sequences)
    for (uint64_t i = 0, length = 1 + random.below(30); i < length; ++i) {
      sequence.ids.push_back(static_cast<int32_t>(1 + random.below(59)));
      sequence.types.push_back(static_cast<int32_t>(random.below(2)));
    }
  return sequences;
}

}  // namespace frugal::test
