#include "frugal/data/labels.h"

#include <gtest/gtest.h>

#include "frugal/io/testing.h"

namespace frugal {
namespace {

using Names = std::vector<std::string>;

Examples with_labels(Names labels) {
  Examples examples;
  for (size_t i = 0; i < labels.size(); ++i) {
    examples.text.push_back("t");
    examples.line.push_back(static_cast<int64_t>(i) + 2);
  }
  examples.label = std::move(labels);
  return examples;
}

TEST(Labels, ClassesInOrder) {
  EXPECT_EQ(labels_of(with_labels({"b", "a", "b", "c", "a"}), "f").names, (Names{"a", "b", "c"}));
  EXPECT_EQ(labels_of(with_labels({"10", "2", "-1", "2", "0"}), "f").names, (Names{"-1", "0", "2", "10"}));
  EXPECT_EQ(labels_of(with_labels({"x", "10", "9", "x", "y"}), "f").names, (Names{"9", "10", "x", "y"}));
  const LabelSet labels = labels_of(with_labels({"10", "2", "10"}), "f");
  EXPECT_EQ(labels.find("10"), 1);
  EXPECT_EQ(labels.find("3"), std::nullopt);
}

TEST(Labels, RealsMakeRegression) {
  const auto is_regression = [](Names labels, std::optional<TaskKind> kind = {}) {
    return labels_of(with_labels(std::move(labels)), "f", kind).regression;
  };
  EXPECT_TRUE(is_regression({"1", "2.5", "3"}));
  EXPECT_TRUE(is_regression({"1e1", "2", "-3"}));
  EXPECT_FALSE(is_regression({"1", "2", "1"}));
  EXPECT_FALSE(is_regression({"1.0", "2", "x", "x"}));
  EXPECT_FALSE(is_regression({"nan", "1.5", "inf", "nan"}));
  EXPECT_TRUE(is_regression({"1", "2", "1"}, TaskKind::regression));
  EXPECT_FALSE(is_regression({"1.5", "2.5", "1.5"}, TaskKind::classification));
}

TEST(Labels, Encoding) {
  const Examples examples = with_labels({"b", "a", "b"});
  EXPECT_EQ(encode_labels(examples, labels_of(examples, "f"), "f").classes, (std::vector<int32_t>{1, 0, 1}));
  // A model's own order is kept.
  EXPECT_EQ(encode_labels(examples, {false, {"b", "a"}}, "f").classes, (std::vector<int32_t>{0, 1, 0}));
  const Examples reals = with_labels({"0.5", "-2"});
  EXPECT_EQ(encode_labels(reals, labels_of(reals, "f"), "f").reals, (std::vector<float>{0.5f, -2}));
}

TEST(Labels, Errors) {
  EXPECT_ERROR(labels_of(with_labels({}), "f"), "f: holds no labels");
  EXPECT_ERROR(labels_of(with_labels({"a", "a"}), "f"), "f: all labels are \"a\": one class only");
  EXPECT_ERROR(labels_of(with_labels({"1.5", "1.50"}), "f"), "f: all labels are \"1.5\"");
  EXPECT_ERROR(labels_of(with_labels({"a", "b", "c"}), "f"), "f: has 3 rows and as many classes");
  EXPECT_ERROR(labels_of(with_labels({"1", "x"}), "f", TaskKind::regression),
               "f:3: the label \"x\" is no number");
  const LabelSet labels{false, {"card_arrival", "lost_or_stolen_card"}};
  EXPECT_ERROR(
      encode_labels(with_labels({"card_arrival", "card_arival"}), labels, "test.tsv"),
      "test.tsv:3: the label \"card_arival\" is none of the 2 known\n  hint: the nearest known one is "
      "\"card_arrival\"");
  EXPECT_ERROR(encode_labels(with_labels({"\x1b[31m"}), labels, "f"), "\"\\u001b[31m\"");
  EXPECT_ERROR(encode_labels(with_labels({"high"}), {true, {}}, "f"), "f:2: the label \"high\" is no number");
  EXPECT_ERROR(encode_labels(with_labels({"1e39"}), {true, {}}, "f"), "is no number");
}

TEST(Labels, NearestName) {
  const Names names = {"--threads", "--target", "--seed"};
  EXPECT_EQ(nearest_name("--thread", names), "--threads");
  EXPECT_EQ(nearest_name("--TARGTE", names), "--target");
  EXPECT_EQ(nearest_name("--output-folder", names), std::nullopt);
  EXPECT_EQ(nearest_name("x", {"y"}), "y");
  EXPECT_EQ(nearest_name("x", {}), std::nullopt);
}

}  // namespace
}  // namespace frugal
