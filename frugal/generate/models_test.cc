// Generation with real architectures of small random weights, against what the reference found.
#include <gtest/gtest.h>

#include "frugal/generate/cached_steps.h"
#include "frugal/generate/config.h"
#include "frugal/generate/testing.h"
#include "frugal/generate/whole_steps.h"
#include "frugal/io/json.h"
#include "frugal/models/folder.h"

namespace frugal {
namespace {

struct Case {
  ModelFolder folder;
  FolderGeneration said;
  Json cases;
};

Case load(const std::string& name) {
  const std::string path = FRUGAL_SOURCE_DIR "/tests/cases/generate/" + name;
  FolderOptions options;
  options.tokenizer = false;
  Case made{load_model_folder(path, options), {}, load_json(path + "/cases.json")};
  made.said = generation_of_folder(path, made.folder.model->config(), "");
  return made;
}

std::shared_ptr<const SearchSettings> settings_of(const Case& one, const Json& changes) {
  GenerationOptions options = one.said.options;
  read_generation_options(changes, "cases.json", options);
  return test::settings_of(options, one.folder.model->info().vocab_size);
}

using Found = std::vector<std::vector<Hypothesis>>;

Found generate(StepModel& model, const Case& one, std::shared_ptr<const SearchSettings> settings,
               SchedulerLimits limits = {}) {
  Found found(one.cases.at("cases").size());
  Scheduler scheduler(model, Context::make(1), settings, limits);
  for (size_t i = 0; i < found.size(); ++i) {
    GenerationRequest request;
    request.prompt.decoder = one.cases.at("cases")[i].at("prompt").get<std::vector<int32_t>>();
    if (model.encodes()) {
      request.prompt.source = std::move(request.prompt.decoder);
      request.prompt.decoder = {*settings->options.decoder_start};
    }
    request.index = i;
    request.on_done = [&found, i](std::vector<Hypothesis> done) { found[i] = std::move(done); };
    scheduler.submit(std::move(request));
  }
  scheduler.run();
  return found;
}

void expect_the_references_ids(const std::string& name, StepModel& model, const Case& one) {
  const Json& settings = one.cases.at("settings");
  for (size_t s = 0; s < settings.size(); ++s) {
    const Found found = generate(model, one, settings_of(one, settings[s]));
    ASSERT_EQ(found.size(), 100u);
    for (size_t i = 0; i < found.size(); ++i) {
      const Json& expected = one.cases.at("cases")[i].at("ids")[s];
      ASSERT_EQ(found[i].size(), expected.size());
      for (size_t j = 0; j < expected.size(); ++j)
        EXPECT_EQ(found[i][j].ids, expected[j].get<std::vector<int32_t>>())
            << name << ", prompt " << i << ", " << settings[s].dump();
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<const char*>& info) { return info.param; }

class GenerateWithCaches : public ::testing::TestWithParam<const char*> {};

TEST_P(GenerateWithCaches, FindsTheReferencesIds) {
  const Case one = load(GetParam());
  CachedSteps model(one.folder.model, one.folder.store, Context::make(1));
  expect_the_references_ids(GetParam(), model, one);
}

TEST_P(GenerateWithCaches, ResultsDoNotDependOnCompany) {
  const Case one = load(GetParam());
  const std::vector<Json> kinds{{{"do_sample", true}, {"max_new_tokens", 12}, {"num_return_sequences", 2}},
                                {{"num_beams", 3}, {"max_new_tokens", 12}}};
  for (const Json& changes : kinds) {
    const auto settings = settings_of(one, changes);
    CachedSteps model(one.folder.model, one.folder.store, Context::make(1));
    const Found together = generate(model, one, settings),
                few = generate(model, one, settings, {6, 30, 4096});
    for (size_t i = 0; i < together.size(); ++i)
      for (size_t j = 0; j < together[i].size(); ++j) {
        EXPECT_EQ(together[i][j].ids, few[i][j].ids);
        EXPECT_EQ(together[i][j].score, few[i][j].score);
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GenerateWithCaches,
                         ::testing::Values("gpt2", "llama", "bart", "t5", "switch"), name_of);

class GenerateByRecomputation : public ::testing::TestWithParam<const char*> {};

TEST_P(GenerateByRecomputation, FindsTheReferencesIds) {
  const Case one = load(GetParam());
  WholeSteps model(one.folder.model, one.folder.store, Context::make(1));
  expect_the_references_ids(GetParam(), model, one);
}

INSTANTIATE_TEST_SUITE_P(Families, GenerateByRecomputation,
                         ::testing::Values("gpt2", "llama", "bart", "t5", "switch", "xlnet", "reformer"),
                         name_of);

}  // namespace
}  // namespace frugal
