#include "frugal/shrink/precision.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"
#include "frugal/eval/measure.h"
#include "frugal/models/inference.h"

namespace frugal {
namespace {

ModelFolder classifier() {
  FolderOptions options;
  options.tokenizer = false;
  return load_model_folder(FRUGAL_SOURCE_DIR "/tests/cases/bert/classification", options);
}

std::string complaint(const ModelFolder& folder, const std::string& precision, const Context& context) {
  try {
    in_precision(folder, precision, context);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(InPrecision, RecordsTheSettingInTheConfiguration) {
  const Context context = Context::make(1);
  const ModelFolder given = classifier();
  EXPECT_EQ(in_precision(given, "auto", context).model, given.model);
  const ModelFolder small = in_precision(given, "int8", context);
  EXPECT_TRUE(small.model->config().contains("quantization_config"));
  EXPECT_EQ(in_precision(small, "int8", context).model, small.model);
  EXPECT_NE(complaint(small, "fp32", context).find("holds integer weights"), std::string::npos);
  EXPECT_EQ(complaint(given, "int4", context), "unknown --precision 'int4'");
  if (!has_bf16(context.isa)) {
    EXPECT_NE(complaint(given, "bf16", context).find("has no bf16"), std::string::npos);
    return;
  }
  const ModelFolder half = in_precision(given, "bf16", context);
  EXPECT_EQ(saved_precision(half.model->info(), context), Precision::bf16);
  EXPECT_EQ(saved_precision(half.model->info(), Context::make(1, Isa::generic)), Precision::f32);
}

TEST(TryPrecisions, PutsTheFastestThatHoldsFirst) {
  const Context context = Context::make(1);
  const ModelFolder folder = classifier();
  std::vector<Sequence> sequences;
  Targets targets;
  for (int32_t i = 0; i < 12; ++i) {
    sequences.push_back(sequence_of({5, i + 6, 2 * i + 7, 3}));
    targets.classes.push_back(0);
  }
  targets.classes =
      answer(*folder.model, folder.store, context, sequences, targets).classes;  // fp32 is right
  const std::vector<PrecisionTrial> all = try_precisions(folder, sequences, targets, 0.01, context);
  EXPECT_EQ(all.size(), has_bf16(context.isa) ? 3u : 2u);
  for (size_t i = 1; i < all.size(); ++i)
    EXPECT_TRUE(all[i].holds != all[0].holds || all[0].latency_ms <= all[i].latency_ms);
  const std::vector<PrecisionTrial> none = try_precisions(folder, sequences, targets, 2, context);
  for (const PrecisionTrial& trial : none) EXPECT_FALSE(trial.holds) << trial.precision;
}

}  // namespace
}  // namespace frugal
