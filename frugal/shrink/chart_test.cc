#include "frugal/shrink/chart.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/shrink/chart_axis.h"
#include "frugal/shrink/chart_labels.h"
#include "frugal/shrink/chart_svg.h"

namespace frugal {
namespace {

TEST(Chart, TicksAreRound) {
  EXPECT_EQ(axis_ticks({0, 10, 0, 1, false}, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  const auto percents = axis_ticks({0.871, 0.943, 0, 1, false}, 6);
  ASSERT_EQ(percents.size(), 4u);
  EXPECT_EQ(tick_number(percents[0]), "0.88");
  EXPECT_EQ(tick_number(percents[3]), "0.94");
  EXPECT_EQ(axis_ticks({-1, 1, 0, 1, false}, 2), (std::vector<double>{-1, 0, 1}));
  EXPECT_EQ(axis_ticks({3, 120, 0, 1, true}, 0), (std::vector<double>{5, 10, 20, 50, 100}));
  EXPECT_EQ(axis_ticks({0.5, 2e4, 0, 1, true}, 0), (std::vector<double>{1, 10, 100, 1000, 10000}));
}

TEST(Chart, AxesMapTheirRange) {
  const Axis plain{10, 20, 100, 300, false};
  EXPECT_EQ(plain.at(10), 100);
  EXPECT_EQ(plain.at(15), 200);
  const Axis logarithmic{1, 100, 0, 50, true};
  EXPECT_NEAR(logarithmic.at(10), 25, 1e-12);
  const Axis same = padded_axis(5, 5, 0.1, false);
  EXPECT_LT(same.low, 5);
  EXPECT_GT(same.high, 5);
  EXPECT_LT(padded_axis(5, 5, 0.1, true).low, 5);
}

TEST(Chart, LabelsKeepClearOfEachOther) {
  std::vector<LabelPoint> points;
  for (int i = 0; i < 8; ++i) points.push_back({300.0 + 12 * (i % 4), 200.0 + 9 * (i / 4), "3 layers, int8"});
  const Box area{0, 0, 800, 400};
  const auto places = place_labels(points, area, 12);
  std::vector<Box> boxes;
  for (size_t i = 0; i < points.size(); ++i)
    boxes.push_back(
        {places[i].x, places[i].y - 10, places[i].x + text_width(points[i].text, 12), places[i].y + 2});
  for (size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_GE(boxes[i].left, area.left);
    EXPECT_LE(boxes[i].right, area.right);
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(boxes[i].overlaps(boxes[j])) << i << " " << j;
  }
  // At the right border the text goes to the left of its point.
  EXPECT_LT(place_labels({{795, 200, "teacher"}}, area, 12)[0].x, 750);
}

TEST(Chart, LossCurves) {
  EXPECT_EQ(loss_chart({"r", {}}), "");
  EXPECT_EQ(loss_chart({"r", {{"train", {{1, NAN}}}}}), "");
  CurvePoints points;
  for (int i = 1; i <= 3000; ++i) points.emplace_back(i, 1.0 / i);
  const CurvePoints thin = thinned(points);
  EXPECT_EQ(thin.size(), 300u);
  EXPECT_EQ(thin[0].first, 5.5);  // the mean of 1 .. 10
  points.resize(10);
  EXPECT_EQ(thinned(points), points);
  points[5].second = INFINITY;  // two pieces
  const std::string svg = loss_chart({"a < b", {{"train", points}}});
  EXPECT_NE(svg.find("loss of a &lt; b"), std::string::npos);
  const std::string path = svg.substr(svg.find("<path"));
  EXPECT_EQ(std::count(path.begin(), path.begin() + static_cast<int64_t>(path.find("/>")), 'M'), 2);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(Chart, TradeoffLeavesOutWhatWasNotMeasured) {
  Report report;
  report.target = 0.99;
  report.candidates.push_back({.name = "dropped", .bytes = 5, .state = CandidateState::dropped});
  EXPECT_EQ(tradeoff_chart(report), "");
  report.candidates.push_back({.name = "teacher <6>",
                               .precision = "fp32",
                               .bytes = 90'000'000,
                               .validation = Measurement{.metric = {0.92, 0.9, 0.94}, .rows = 1000},
                               .state = CandidateState::teacher});
  const std::string svg = tradeoff_chart(report);
  EXPECT_EQ(svg.find("dropped"), std::string::npos);
  EXPECT_NE(svg.find("teacher &lt;6&gt;: 92 % (90 % to 94 %), 1,000 rows, 90.0 MB"), std::string::npos);
  EXPECT_NE(svg.find("target: 99 % of the teacher"), std::string::npos);
  EXPECT_NE(svg.find("<circle"), std::string::npos);
}

}  // namespace
}  // namespace frugal
