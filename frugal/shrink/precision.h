// What a model's products are computed in: the setting that users choose by --precision, and its choice by
// measurement.
#pragma once

#include <string>
#include <vector>

#include "frugal/data/labels.h"
#include "frugal/models/folder.h"

namespace frugal {

// The folder in "fp32", "bf16" or "int8" ("auto": as it is saved). Throws Error for floats of a quantized
// folder, UsageError for an unknown name and for bf16 where this machine has none. config.json records the
// setting: `quantization_config` for int8, "inference_precision" for bf16; a machine without bf16 computes
// such a folder in fp32.
ModelFolder in_precision(ModelFolder folder, const std::string& precision, const Context& context);

// UsageError unless it is "fp32", "bf16" or "int8" and this machine has it.
void check_precision(const std::string& precision, const Context& context);
// Those that a folder can be used in on this machine.
std::vector<std::string> precisions_of(const ModelFolder& folder, const Context& context);

struct PrecisionTrial {
  std::string precision;
  double value = 0;       // accuracy, or Spearman's correlation
  double latency_ms = 0;  // of one text, median
  double share = 0;       // of the value in fp32
  bool holds = false;
};

// Measures a classifier in each precision that this machine has, on labelled text; the fastest of those that
// keep `least` of fp32's value comes first.
std::vector<PrecisionTrial> try_precisions(const ModelFolder& folder, const std::vector<Sequence>& sequences,
                                           const Targets& targets, double least, const Context& context);

}  // namespace frugal
