#include "frugal/shrink/lessons.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "frugal/base/interrupt.h"
#include "frugal/io/testing.h"
#include "frugal/models/folder.h"

namespace frugal {
namespace {

constexpr int64_t kTexts = 2500;  // with one copy of each: two parts of answers

class MakeLessons : public testing::Test {
  const InterruptGuard guard_;  // lowers the flag that another test of this process may have raised

 protected:
  MakeLessons() : tokenizer_(load_tokenizer(cases() + "wordpiece/uncased")) {
    spec_.folder = folder_ / "lessons";
    spec_.augmentation.copies = 1;
    spec_.taps = {"hidden.2"};
    spec_.max_length = 16;
    for (int32_t i = 0; i < kTexts; ++i) {
      std::vector<int32_t> ids;
      for (int32_t j = 0; j < 3 + i % 5; ++j) ids.push_back(1 + (i * 7 + j * 31) % 98);
      training_.sequences.push_back(sequence_of(ids));
      training_.targets.classes.push_back(i % 7);
    }
  }

  static std::string cases() { return std::string(FRUGAL_SOURCE_DIR) + "/tests/cases/"; }

  TextModel open() {
    ++opened_;
    FolderOptions folder;
    folder.tokenizer = false;
    TextModelOptions options;
    options.inference.gathered_taps = {"hidden.2"};
    return TextModel(load_model_folder(cases() + "bert/classification", folder), Context::make(2), options);
  }

  Lessons make() {
    Progress quiet({.quiet = true, .now = [] { return 0.0; }, .write = [](std::string_view) {}});
    return make_lessons(
        spec_, training_, *tokenizer_, [&] { return open(); }, quiet);
  }

  test::TempFolder folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  LessonSpec spec_;
  Part training_;
  int opened_ = 0;
};

std::vector<float> all_rows(const Lessons& lessons, const std::string& name) {
  std::vector<float> all;
  for (int64_t i = 0; i < lessons.part.size(); ++i)
    std::ranges::copy(lessons.answers->row(name, i), std::back_inserter(all));
  return all;
}

TEST_F(MakeLessons, GiveCopiesTheTeachersWordAndTextsTheirOwn) {
  const Lessons lessons = make();
  ASSERT_EQ(lessons.part.size(), 2 * kTexts);
  std::map<std::string, Tensor> said{{"logits", Tensor(DType::f32, {2 * kTexts, 7})},
                                     {"tap.hidden.2", Tensor(DType::f32, {2 * kTexts, 32})}};
  open().run_all(lessons.part.sequences, said);
  EXPECT_TRUE(std::ranges::equal(all_rows(lessons, "logits"), said["logits"].data<float>()));
  EXPECT_TRUE(std::ranges::equal(all_rows(lessons, "hidden.2"), said["tap.hidden.2"].data<float>()));
  int64_t others = 0;
  for (int64_t i = 0; i < lessons.part.size(); ++i) {
    const auto label = static_cast<size_t>(lessons.part.targets.classes[static_cast<size_t>(i)]);
    const std::span<const float> row = lessons.answers->row("logits", i);
    if (i < kTexts)
      others += row[label] < *std::ranges::max_element(row);
    else
      ASSERT_EQ(row[label], *std::ranges::max_element(row)) << i;
  }
  EXPECT_GT(others, 0) << "the texts' own labels are not the teacher's";
}

TEST_F(MakeLessons, AskOnlyForWhatAKillLost) {
  const std::vector<float> whole = all_rows(make(), "logits");
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(all_rows(make(), "logits"), whole);
  EXPECT_EQ(opened_, 1) << "all was answered";
  const std::string last = spec_.folder + "/answers-00001.safetensors";
  ASSERT_TRUE(std::filesystem::remove(last));
  EXPECT_EQ(all_rows(make(), "logits"), whole);
  EXPECT_EQ(opened_, 2);
  EXPECT_EQ(test::names_in(spec_.folder).size(), 2u);
}

TEST_F(MakeLessons, NameAFileOfAnswersThatIsAnothers) {
  make();
  std::filesystem::copy_file(spec_.folder + "/answers-00001.safetensors",
                             spec_.folder + "/answers-00000.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  const std::string error = test::error_of([&] { make(); });
  EXPECT_NE(error.find("answers-00000"), std::string::npos) << error;
  EXPECT_NE(error.find("4096"), std::string::npos) << error;
}

TEST(DefaultCopies, MakeAboutEightyThousandLessons) {
  for (const auto& [texts, copies] : {std::pair<int64_t, int64_t>{0, 20}, {100, 20}, {9003, 8}, {67349, 2}})
    EXPECT_EQ(default_copies(texts), copies) << texts;
}

}  // namespace
}  // namespace frugal
