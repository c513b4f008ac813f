#include "frugal/train/trainer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/base/interrupt.h"
#include "frugal/io/testing.h"
#include "frugal/models/testing.h"

namespace frugal {
namespace {

std::vector<int32_t> labels(int64_t count) {
  std::vector<int32_t> classes;
  for (int64_t i = 0; i < count; ++i) classes.push_back(static_cast<int32_t>(i % 5));
  return classes;
}

struct Outcome {
  test::SmallModel small = test::small_bert();
  TrainResult result;
};

TrainOptions options_of(int64_t accumulation, std::optional<Precision> precision) {
  TrainOptions options;
  options.epochs = 4;
  options.batch_size = 8;
  options.accumulation = accumulation;
  options.learning_rate = 1e-2;
  options.seed = 5;
  options.checkpoint_seconds = 0;  // one a step
  options.precision = precision;
  return options;
}

// Trains; `stop_at` > 0 dies of an exception after so many steps, as a kill would between two steps.
void train(Outcome& run, const TrainOptions& options, int threads, const std::string& checkpoints,
           int64_t stop_at = 0) {
  const InterruptGuard guard;  // lowers the flag that another test of this process may have raised
  const auto objective = std::make_shared<LabelObjective>(labels(60));
  Trainer trainer(run.small.model, run.small.store, Context::make(threads), objective,
                  test::random_sequences(60, 1), options, checkpoints);
  trainer.resume();
  TrainHooks hooks;
  hooks.on_step = [&](const TrainProgress& p) {
    if (stop_at > 0 && p.step == stop_at) throw std::runtime_error("killed");
  };
  hooks.evaluate = [](const std::shared_ptr<Store>& store) {
    return -static_cast<double>(store->find("classifier.bias")->data<float>()[0]);
  };
  run.result = trainer.run(hooks);
}

void expect_same_weights(const Outcome& a, const Outcome& b, const std::string& what) {
  for (const ParameterSpec& spec : a.small.model->parameters()) {
    const Tensor &x = *a.small.store->find(spec.name), &y = *b.small.store->find(spec.name);
    EXPECT_EQ(0, std::memcmp(x.bytes(), y.bytes(), x.byte_count())) << what << " " << spec.name;
  }
}

TEST(Trainer, SameBitsOnAnyThreadsAndAfterAResume) {
  for (int64_t accumulation : {1, 3}) {
    const TrainOptions options = options_of(accumulation, {});
    Outcome whole, two, resumed;
    train(whole, options, 1, "");
    train(two, options, 2, "");
    expect_same_weights(whole, two, "2 threads");
    const test::TempFolder folder;
    for (int64_t stop : {3, 7}) {
      Outcome part;  // each starts from the pretrained weights, as a new process does
      EXPECT_THROW(train(part, options, 2, folder.path() + "/steps", stop), std::runtime_error);
    }
    train(resumed, options, 1, folder.path() + "/steps");
    expect_same_weights(whole, resumed, "resumed");
    EXPECT_EQ(whole.result.steps, resumed.result.steps);
    EXPECT_EQ(whole.result.best_score, resumed.result.best_score);
  }
}

TEST(Trainer, LearnsAndTouchesOnlyRowsThatOccur) {
  Outcome run;
  TrainOptions options = options_of(1, {});
  options.epochs = 60;
  options.learning_rate = 5e-3;
  options.keep_best = false;
  options.checkpoint_seconds = 1e9;
  const Tensor before = run.small.store->find("bert.embeddings.word_embeddings.weight")->clone();
  train(run, options, 2, "");
  EXPECT_LT(run.result.last_loss, 0.8);  // ln 5 = 1.6 when nothing is learnt
  const Tensor& after = *run.small.store->find("bert.embeddings.word_embeddings.weight");
  EXPECT_EQ(0, std::memcmp(before.bytes(), after.bytes(), 48 * 4)) << "row 0 occurs nowhere";
  EXPECT_NE(0, std::memcmp(before.data<float>().data() + 48, after.data<float>().data() + 48, 48 * 4));
}

TEST(Trainer, DivergenceStopsWithAMessage) {
  Outcome run;
  TrainOptions options = options_of(1, Precision::f32);
  options.learning_rate = 10;
  options.clip = 0;
  options.epochs = 200;
  options.warmup = 0;
  options.checkpoint_seconds = 1e9;
  try {
    train(run, options, 1, "");
    FAIL() << "the loss is " << run.result.last_loss;
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("diverged"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("--lr"), std::string::npos);
  }
}

TEST(Trainer, RefusesACheckpointOfOtherOptions) {
  const test::TempFolder folder;
  TrainOptions options = options_of(1, {});
  Outcome first, second;
  EXPECT_THROW(train(first, options, 1, folder.path() + "/steps", 2), std::runtime_error);
  options.seed = 6;
  EXPECT_THROW(train(second, options, 1, folder.path() + "/steps"), Error);
}

TEST(LearningRate, WarmsUpAndFalls) {
  TrainOptions options;
  options.learning_rate = 1;
  options.warmup = 0.1;
  EXPECT_NEAR(learning_rate_at(options, 0, 100), 0.1, 1e-9);
  EXPECT_NEAR(learning_rate_at(options, 9, 100), 1, 1e-9);
  EXPECT_NEAR(learning_rate_at(options, 55, 100), 0.5, 1e-9);
  options.schedule = Schedule::cosine;
  EXPECT_NEAR(learning_rate_at(options, 55, 100), 0.5, 1e-9);
  options.schedule = Schedule::constant;
  EXPECT_NEAR(learning_rate_at(options, 99, 100), 1, 1e-9);
}

TEST(BatchOrder, EveryEpochHoldsEachExampleOnceInAnotherOrder) {
  BatchOrder order(std::vector<int64_t>(50, 3), 8, 1, 2), pooled({9, 1, 5, 3, 7, 2, 8, 4, 6, 0}, 2, 5, 2);
  std::vector<int64_t> first, second;
  for (int64_t b = 0; b < order.batches_per_epoch(); ++b) {
    const auto x = order.batch(b);
    first.insert(first.end(), x.begin(), x.end());
  }
  for (int64_t b = 0; b < order.batches_per_epoch(); ++b) {
    const auto x = order.batch(order.batches_per_epoch() + b);
    second.insert(second.end(), x.begin(), x.end());
  }
  EXPECT_NE(first, second);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(first, second);
  for (int64_t b = 0; b < 5; ++b) EXPECT_EQ(pooled.batch(b).size(), 2u);
}

}  // namespace
}  // namespace frugal
