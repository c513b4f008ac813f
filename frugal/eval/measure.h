// One model measured on labelled text: how often right, how large, how fast.
#pragma once

#include <string>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/base/stats.h"
#include "frugal/data/labels.h"
#include "frugal/models/folder.h"

namespace frugal {

// The model's answers to all examples.
struct ModelAnswers {
  std::vector<int32_t> classes;  // the best class; classification
  std::vector<float> values;     // regression
  std::vector<uint8_t> right;    // classification: 1 where the class is the label
  double seconds = 0;            // in batches
};

struct Quality {
  std::string metric;  // "accuracy" or "spearman"
  Estimate value;      // with its 95 % interval (Wilson; none for a correlation)
  int64_t rows = 0;
};

struct Speed {
  double latency_ms = 0;  // median of one text at a time
  double latency_p95_ms = 0;
  int64_t latency_texts = 0;                           // texts timed
  double texts_per_second = 0, tokens_per_second = 0;  // in batches
  double memory_bytes = 0;  // weights as they lie in memory, plus the planned arena and scratch of one text
};

ModelAnswers answer(const Model& model, const std::shared_ptr<Store>& store, const Context& context,
                    const std::vector<Sequence>& sequences, const Targets& targets);
Quality quality_of(const ModelAnswers& answers, const Targets& targets);
// Times up to `texts` of the sequences one by one; what all take in batches, `answers` have told.
Speed speed_of(const Model& model, const std::shared_ptr<Store>& store, const Context& context,
               const std::vector<Sequence>& sequences, const ModelAnswers& answers, int64_t texts = 200);

int64_t parameter_count(const Model& model);
// Bytes of the files in a model folder.
int64_t folder_bytes(const std::string& folder);

}  // namespace frugal
