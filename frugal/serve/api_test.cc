#include "frugal/serve/api.h"

#include <gtest/gtest.h>

#include "frugal/io/json.h"
#include "frugal/serve/testing.h"

namespace frugal {
namespace {

int status_of_reading(Task task, std::string_view body, std::string* said = nullptr) {
  try {
    read_request(task, body, 3);
    return 200;
  } catch (const HttpError& error) {
    if (said) *said = error.reply().body;
    EXPECT_TRUE(Json::accept(error.reply().body)) << error.reply().body;
    return error.reply().status;
  }
}

TEST(ServeApi, ReadsTextsPairsAndTop) {
  const ApiRequest many = read_request(Task::classify, R"({"texts": ["a", ["b", "c"]], "top": 3})", 2);
  ASSERT_EQ(many.texts.size(), 2u);
  EXPECT_FALSE(many.single);
  EXPECT_EQ(many.top, 3);
  EXPECT_EQ(many.texts[0].first, "a");
  EXPECT_FALSE(many.texts[0].pair);
  EXPECT_TRUE(many.texts[1].pair);
  EXPECT_EQ(many.texts[1].second, "c");
  const ApiRequest one = read_request(Task::embed, R"( {"text": "\u00e9\u0000"} )", 1);
  EXPECT_TRUE(one.single);
  EXPECT_EQ(one.texts.at(0).first, std::string("\xc3\xa9\0", 3));
  EXPECT_EQ(read_request(Task::classify, R"({"text": "a", "top": 18446744073709551615})", 1).top, 1 << 20);
}

TEST(ServeApi, RefusesWhatIsNoJsonWithItsPlace) {
  std::string said;
  EXPECT_EQ(status_of_reading(Task::embed, "{\"texts\": [\"a\",\n  \"b\" \"c\"]}", &said), 400);
  EXPECT_NE(said.find("body:2:"), std::string::npos) << said;
  for (const char* bad :
       {"", "{", "nonsense", "{\"text\": \"a\"} x", "{\"text\": \"\xff\"}", "{\"text\": \"\\ud800\"}",
        "{\"text\": \"a\", \"text\": \"b\"}", "[[[[[[[[[[1]]]]]]]]]]", "{\"top\": 1e999}"})
    EXPECT_EQ(status_of_reading(Task::classify, bad), 400) << bad;
  EXPECT_EQ(status_of_reading(Task::embed, std::string(100'000, '[')), 400);
}

TEST(ServeApi, RefusesJsonThatSaysTheWrongThing) {
  for (const char* bad :
       {"[]", "\"a\"", "{}", R"({"text": "a", "texts": ["a"]})", R"({"texts": []})", R"({"texts": "a"})",
        R"({"texts": {"a": "b"}})", R"({"texts": ["a", 1]})", R"({"texts": [["a"]]})",
        R"({"texts": [["a", "b", "c"]]})", R"({"texts": [["a", null]]})", R"({"text": null})",
        R"({"text": "a", "topp": 1})", R"({"text": "a", "top": 0})", R"({"text": "a", "top": -1})",
        R"({"text": "a", "top": 1.0})", R"({"text": "a", "top": "1"})", R"({"texts": ["a", "b", "c", "d"]})"})
    EXPECT_EQ(status_of_reading(Task::classify, bad), 422) << bad;
  EXPECT_EQ(status_of_reading(Task::embed, R"({"text": ["a", "b"]})"), 422);
  EXPECT_EQ(status_of_reading(Task::embed, R"({"text": "a", "top": 1})"), 422);
  std::string said;
  EXPECT_EQ(status_of_reading(Task::classify, R"({"texts": ["a", 1]})", &said), 422);
  EXPECT_NE(said.find("\\\"texts\\\"[1]"), std::string::npos) << said;
}

TEST(ServeApi, WritesPredictionsBestFirst) {
  const testing::FakeEngine engine;
  ApiRequest request{Task::classify, {}, false, 2};
  EXPECT_EQ(answer_text(request, engine.info(), {{0.25f, 0.1f, 0.65f}, {0.5f, 0.5f, 0}}),
            R"({"predictions": [[{"label": "odd\"one", "score": 0.65}, {"label": "short", "score": 0.25}], )"
            R"([{"label": "short", "score": 0.5}, {"label": "long", "score": 0.5}]]})"
            "\n");
  request.single = true;
  request.top = 100;
  const Json one = Json::parse(answer_text(request, engine.info(), {{0.25f, 0.1f, 0.65f}}));
  EXPECT_EQ(one["prediction"].size(), 3u);
}

TEST(ServeApi, WritesRegressionAndVectors) {
  testing::FakeEngine engine;
  engine.change().regression = true;
  EXPECT_EQ(answer_text({Task::classify, {}, false, 1}, engine.info(), {{1.5f}, {-2}}),
            "{\"predictions\": [{\"score\": 1.5}, {\"score\": -2}]}\n");
  EXPECT_EQ(answer_text({Task::classify, {}, true, 1}, engine.info(), {{1e-30f}}),
            "{\"prediction\": {\"score\": 1e-30}}\n");
  EXPECT_EQ(answer_text({Task::embed, {}, false, 1}, engine.info(), {{0.1f, 2}, {3, -INFINITY}}),
            "{\"embeddings\": [[0.1, 2], [3, null]]}\n");
  EXPECT_EQ(answer_text({Task::embed, {}, true, 1}, engine.info(), {{0.1f}}), "{\"embedding\": [0.1]}\n");
}

TEST(ServeApi, FindsPaths) {
  testing::FakeEngine engine;
  const auto status = [&](std::string_view method, std::string_view target) {
    try {
      find_path(method, target, engine.info());
      return 200;
    } catch (const HttpError& error) {
      return error.reply().status;
    }
  };
  EXPECT_EQ(find_path("POST", "http://x:80/embed?a=/health", engine.info()), Path::embed);
  EXPECT_EQ(find_path("HEAD", "/health?", engine.info()), Path::health);
  for (const char* target :
       {"/", "", "*", "/classify/", "/Classify", "//classify", "http://x", "/?://x/health"})
    EXPECT_EQ(status("POST", target), 404) << target;
  EXPECT_EQ(status("GET", "/classify"), 405);
  EXPECT_EQ(status("POST", "/health"), 405);
  EXPECT_EQ(status("BREW", "/embed"), 405);
  engine.change().classifier = false;
  EXPECT_EQ(status("POST", "/classify"), 404);
  EXPECT_EQ(status("POST", "/embed"), 200);
}

TEST(ServeApi, SaysWhatItIs) {
  const testing::FakeEngine engine;
  const Json health = Json::parse(health_text(engine.info(), 7));
  EXPECT_EQ(health["status"], "ok");
  EXPECT_EQ(health["task"], "classification");
  EXPECT_EQ(health["labels"].size(), 3u);
  EXPECT_EQ(health["waiting_texts"], 7);
}

}  // namespace
}  // namespace frugal
