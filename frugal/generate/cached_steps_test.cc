// Cached steps against recomputation, through random histories of prompts, forks and ends.
#include "frugal/generate/cached_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "frugal/base/random.h"
#include "frugal/generate/whole_steps.h"
#include "frugal/models/folder.h"

namespace frugal {
namespace {

ModelFolder load(const std::string& name) {
  FolderOptions options;
  options.tokenizer = false;
  return load_model_folder(FRUGAL_SOURCE_DIR "/tests/cases/generate/" + name, options);
}

std::vector<int32_t> random_ids(Random& random, uint64_t count) {
  std::vector<int32_t> ids(count);
  for (int32_t& id : ids) id = static_cast<int32_t>(random.below(130));
  return ids;
}

// A row of a step as a test remembers it.
struct Row {
  int parent, root;  // row of the last step; the prompt it goes back to
  std::vector<int32_t> ids;
  Prompt prompt;
};

// Some rows go on, some fork, some end, and prompts come in. Row 0's prompt is never left.
std::vector<Row> next_rows(Random& random, const std::vector<Row>& last, bool encodes, int& roots) {
  std::vector<Row> rows;
  for (size_t i = 0; i < last.size(); ++i) {
    const bool stays = i == 0 || random.below(5) > 0;
    for (uint64_t n = stays ? 1 + (random.below(4) == 0) : 0; n > 0; --n)
      rows.push_back({static_cast<int>(i), last[i].root, random_ids(random, random.below(8) ? 1 : 3), {}});
  }
  if (rows.size() > 2 && random.below(2)) std::swap(rows[1], rows.back());
  for (uint64_t n = last.empty() ? 2 : random.below(3); n > 0 && rows.size() < 9; --n) {
    Prompt prompt{{}, random_ids(random, 1 + random.below(9))};
    if (encodes) prompt = {random_ids(random, 1 + random.below(12)), {0}};
    std::vector<int32_t> ids = prompt.decoder;
    rows.push_back({-1, roots++, std::move(ids), std::move(prompt)});
  }
  return rows;
}

std::vector<StepRow> step_rows(const std::vector<Row>& rows) {
  std::vector<StepRow> steps;
  for (const Row& row : rows) steps.push_back({row.parent, &row.prompt, row.ids});
  return steps;
}

class CachedStepsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CachedStepsTest, LogitsAreThoseOfRecomputation) {
  const ModelFolder folder = load(GetParam());
  for (uint64_t seed = 0; seed < 3; ++seed) {
    Random random(seed, "histories");
    CachedSteps cached(folder.model, folder.store, Context::make(1));
    WholeSteps whole(folder.model, folder.store, Context::make(1));
    std::vector<Row> rows;
    int roots = 0;
    for (int step = 0; step < 12; ++step) {
      rows = next_rows(random, rows, cached.encodes(), roots);
      const std::vector<StepRow> steps = step_rows(rows);
      const auto expected = whole.step(steps), got = cached.step(steps);
      for (size_t i = 0; i < rows.size(); ++i) {
        float largest = 0, error = 0;
        for (size_t j = 0; j < expected[i].size(); ++j) {
          largest = std::max(largest, std::abs(expected[i][j]));
          error = std::max(error, std::abs(expected[i][j] - got[i][j]));
        }
        EXPECT_LT(error, 1e-4f * largest) << "step " << step << ", row " << i;
      }
    }
  }
}

// The first prompt's rows alone on one thread, and among all on three: the same bits. Caches that grow under
// way change nothing either.
TEST_P(CachedStepsTest, BitsDoNotDependOnCompanyAndThreads) {
  const ModelFolder folder = load(GetParam()), other = load(GetParam());
  Random random(7, "histories");
  CachedSteps all(folder.model, folder.store, Context::make(3));
  CachedSteps alone(other.model, other.store, Context::make(1));
  alone.reserve(1000, 1000);
  std::vector<Row> rows;
  std::vector<int> places;  // of the rows that `alone` computed last
  int roots = 0;
  for (int step = 0; step < 12; ++step) {
    rows = next_rows(random, rows, all.encodes(), roots);
    std::vector<Row> own;
    std::vector<int> own_places;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].root != 0) continue;
      own.push_back(rows[i]);
      own_places.push_back(static_cast<int>(i));
      if (rows[i].parent >= 0)
        own.back().parent = static_cast<int>(std::ranges::find(places, rows[i].parent) - places.begin());
    }
    places = own_places;
    const auto got = all.step(step_rows(rows)), expected = alone.step(step_rows(own));
    for (size_t i = 0; i < own.size(); ++i)
      EXPECT_TRUE(std::ranges::equal(expected[i], got[static_cast<size_t>(places[i])])) << "step " << step;
  }
  EXPECT_GT(roots, 4);
}

TEST_P(CachedStepsTest, TakesItsCachesOutOfTheStore) {
  const ModelFolder folder = load(GetParam());
  const size_t before = folder.store->tensors().size();
  {
    CachedSteps steps(folder.model, folder.store, Context::make(1));
    const Prompt prompt{{5, 6}, {1}};
    steps.step(std::vector<StepRow>{{-1, &prompt, prompt.decoder}});
    EXPECT_GT(folder.store->tensors().size(), before);
    EXPECT_GT(steps.cache_bytes(1, 1), 0);
  }
  EXPECT_EQ(folder.store->tensors().size(), before);
}

INSTANTIATE_TEST_SUITE_P(Families, CachedStepsTest,
                         ::testing::Values("gpt2", "llama", "bart", "t5", "switch"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace frugal
