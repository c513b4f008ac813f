#include "frugal/shrink/report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"
#include "frugal/shrink/report_confusion.h"
#include "frugal/shrink/report_escape.h"

namespace frugal {
namespace {

constexpr const char* kHostile = "</style><script>alert('x')</script>\" onload=\"y\" &amp; \x01\xFF";

Measurement measured(double accuracy, double latency) {
  return {.metric = {accuracy, accuracy - 0.01, accuracy + 0.01},
          .rows = 1000,
          .share = Estimate{accuracy / 0.92, 0.98, 1.01},
          .latency_ms = latency,
          .texts_per_second = 100,
          .peak_memory_bytes = 123'000'000};
}

Report sample() {
  Report report;
  report.title = "MiniLM on BANKING77";
  report.main_result = "2 layers, int8: 99.3 % of the teacher at 1/16 of its size.";
  report.target = 0.99;
  report.target_met = true;
  report.candidates = {{"teacher",
                        6,
                        30522,
                        "fp32",
                        22'700'000,
                        90'900'000,
                        measured(0.92, 14.2),
                        410,
                        800,
                        {},
                        {},
                        CandidateState::teacher,
                        ""},
                       {"2 layers, int8", 2, 3120, "int8", 5'600'000, 5'600'000, measured(0.915, 2.1), 120,
                        230, 1.5, 0.02, CandidateState::winner, "the smallest that holds the target"},
                       {"1 layer",
                        1,
                        3120,
                        "fp32",
                        3'000'000,
                        12'000'000,
                        {},
                        0,
                        0,
                        {},
                        {},
                        CandidateState::dropped,
                        "the curve flattened at 71 %"}};
  report.teacher_test = measured(0.926, 14.2);
  report.winner_test = measured(0.9195, 2.1);
  report.runs = {{"teacher", {{"train", {{1, 4.3}, {2, 2.0}}}, {"validation", {{2, 2.2}}}}}};
  report.answers = Answers{{"card", "fee", "loan"}, {0, 0, 1, 1, 2}, {0, 1, 1, 1, 0}};
  report.serve_command = "frugal serve out/banking77";
  report.command = "frugal shrink --seed 0";
  report.machine = {{"processor", "two cores"}};
  report.settings = {{"seed", "0"}};
  return report;
}

// Every tag is closed, in order, and none is unknown to this page.
void expect_well_formed(const std::string& html) {
  std::vector<std::string> open;
  for (size_t at = 0; (at = html.find('<', at)) != std::string::npos;) {
    const size_t end = html.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = html.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    at = end;
    if (name == "!DOCTYPE" || name == "meta" || tag.ends_with('/')) continue;
    if (name.starts_with('/')) {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ("/" + open.back(), name);
      open.pop_back();
    } else {
      open.push_back(name);
    }
  }
  EXPECT_TRUE(open.empty());
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Report, PageShowsTheNumbers) {
  const std::string html = report_html(sample());
  expect_well_formed(html);
  for (const char* part : {"MiniLM on BANKING77",
                           "92.0 %",
                           "90.5 to 92.5",
                           "5.6 MB",
                           "30,522",
                           "2.1 ms",
                           "100 texts/s",
                           "123.0 MB",
                           "n = 1,000",
                           "6:50",
                           "16.2 \u00d7",
                           "the smallest that holds the target",
                           "dropped early",
                           "not measured",
                           "frugal serve out/banking77",
                           "2 of 5 rows are answered wrong",
                           "two cores",
                           "1.5 Wh",
                           "0.02",
                           "<svg"})
    EXPECT_TRUE(holds(html, part)) << part;
  EXPECT_EQ(html, report_html(sample()));
}

TEST(Report, NeedsNothingFromOutside) {
  const std::string html = report_html(sample());
  for (const char* part : {"http", "src=", "href", "url(", "@import", "<script", "<link"})
    EXPECT_FALSE(holds(html, part)) << part;
}

TEST(Report, EscapesEveryText) {
  Report report = sample();
  for (std::string* text : {&report.title, &report.main_result, &report.metric, &report.money_unit,
                            &report.serve_command, &report.command})
    *text = kHostile;
  for (ReportCandidate& one : report.candidates) one.name = one.why = one.precision = kHostile;
  report.runs[0].name = report.runs[0].curves[0].name = kHostile;
  report.answers->names = {kHostile, kHostile, kHostile};
  report.machine = report.settings = {{kHostile, kHostile}};
  const std::string html = report_html(report);
  expect_well_formed(html);
  EXPECT_FALSE(holds(html, "<script"));
  EXPECT_FALSE(holds(html, "\" onload"));
  EXPECT_FALSE(holds(html, "\xFF"));
  EXPECT_FALSE(holds(html, "\x01"));
  EXPECT_NO_THROW(parse_json(to_text(report_json(report)), "report.json"));
  EXPECT_EQ(html_escape("<a b='\"&'>\n"), "&lt;a b=&#39;&quot;&amp;&#39;&gt;\n");
}

TEST(Report, EmptyAndOddValues) {
  expect_well_formed(report_html(Report{}));
  EXPECT_NO_THROW(to_text(report_json(Report{})));
  Report report = sample();
  report.percent = false;
  report.candidates[1].validation->metric = {NAN, NAN, NAN};
  report.candidates[1].validation->share = Estimate{NAN, NAN, NAN};
  report.winner_test.reset();
  report.answers = Answers{};
  const std::string html = report_html(report);
  expect_well_formed(html);
  EXPECT_FALSE(holds(html, "nan"));
  EXPECT_TRUE(report_json(report)["candidates"][1]["validation"]["metric"]["value"].is_null());
}

TEST(Report, JsonHasTheSameNumbers) {
  const test::TempFolder folder;
  write_report(folder / "out", sample());
  const Json json = load_json(folder / "out/report.json");
  const Json& winner = json["candidates"][1];
  EXPECT_EQ(winner["bytes"], 5'600'000);
  EXPECT_EQ(winner["state"], "winner");
  EXPECT_EQ(winner["validation"]["metric"]["value"], 0.915);
  EXPECT_EQ(winner["validation"]["share_of_teacher"]["low"], 0.98);
  EXPECT_EQ(winner["money"], 0.02);
  EXPECT_TRUE(json["candidates"][2]["validation"].is_null());
  EXPECT_EQ(json["test"]["teacher"]["rows"], 1000);
  EXPECT_EQ(json["runs"][0]["loss"]["train"], Json::parse("[[1,4.3],[2,2.0]]"));
  EXPECT_EQ(json["target_met"], true);
  EXPECT_EQ(json["most_confused"].size(), 2u);
  EXPECT_EQ(read_file(folder / "out/report.html", 1 << 20), report_html(sample()));
}

TEST(Report, Confusions) {
  const Answers answers{{"a", "b", "c"}, {0, 0, 0, 1, 1, 2, 2, 2}, {1, 1, 0, 1, 0, 0, 2, 2}};
  const auto pairs = most_confused(answers, 2);
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].count, 2);
  EXPECT_EQ(pairs[0].rows, 3);
  EXPECT_EQ(pairs[1].truth, 1);  // one of two rows goes before one of three
  EXPECT_EQ(confusion_matrix(answers), (std::vector<int64_t>{1, 2, 0, 1, 1, 0, 1, 0, 2}));

  Report report = sample();
  report.answers->names.resize(kMatrixClasses + 1, "more");
  EXPECT_TRUE(holds(report_html(report), "Taken for"));
  EXPECT_FALSE(holds(report_html(sample()), "Taken for"));
}

}  // namespace
}  // namespace frugal
