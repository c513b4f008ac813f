// The commands as users run them, on models of small random weights.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/testing.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int status;
  std::string out, err;
};

Ran run(const std::string& arguments, const std::string& input = "") {
  const test::TempFolder folder;
  write_file(folder / "in", input);
  const std::string command = fmt::format("{} {} < {} > {} 2> {}", FRUGAL_BINARY, arguments, folder / "in",
                                          folder / "out", folder / "err");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder / "out", 1 << 24),
          read_file(folder / "err", 1 << 20)};
}

std::string case_folder(const std::string& name) { return FRUGAL_SOURCE_DIR "/tests/cases/generate/" + name; }

// A case's model with a vocabulary of 130 words, "aa", "ab", ..., and what more its config.json says.
void make_model_folder(const std::string& folder, const std::string& name,
                       const Json& more = Json::object()) {
  std::string words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (int i = 0; i < 125; ++i)
    words += std::string{static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26), '\n'};
  write_file(folder + "/vocab.txt", words);
  for (const char* file : {"model.safetensors", "generation_config.json"})
    fs::copy(case_folder(name) + "/" + file, fs::path(folder) / file);
  Json config = load_json(case_folder(name) + "/config.json");
  config.update(more);
  write_json(folder + "/config.json", config);
}

TEST(GenerateCommand, GivesTheReferencesIdsForIds) {
  for (const std::string name : {"gpt2", "bart"}) {
    const Json file = load_json(case_folder(name) + "/cases.json");
    std::string input, expected;
    for (const Json& one : file.at("cases")) {
      input += one.at("prompt").dump() + "\n";
      expected += one.at("ids")[3][0].dump() + "\n";
    }
    const Ran ran =
        run("generate " + case_folder(name) +
                " --input-ids --max-new-tokens 20 --min-new-tokens 6 --num-beams 4 --length-penalty 2"
                " --early-stopping true --repetition-penalty 1.2 --no-repeat-ngram-size 3 --threads 1",
            input);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.out, expected);
  }
}

TEST(GenerateCommand, WritesText) {
  const test::TempFolder folder;
  make_model_folder(folder.path(), "gpt2");
  const Ran json = run("generate " + folder.path() + " --threads 1 --json --prompt 'aa bc de'");
  ASSERT_EQ(json.status, 0) << json.err;
  const Json one = parse_json(json.out, "output");
  EXPECT_EQ(one.at("ids").size(), 20u);
  EXPECT_EQ(one.at("finish"), "length");
  const std::string text = one.at("text");
  EXPECT_EQ(run("generate " + folder.path() + " --threads 1", "aa bc de\n").out, text + "\n");
  // An end by text: what stands before it.
  const std::string stop = text.substr(text.size() / 2, 2);
  const Ran stopped =
      run("generate " + folder.path() + " --threads 1 --json --prompt 'aa bc de' --stop '" + stop + "'");
  ASSERT_EQ(stopped.status, 0) << stopped.err;
  EXPECT_EQ(parse_json(stopped.out, "output").at("text"), text.substr(0, text.find(stop)));
  EXPECT_EQ(parse_json(stopped.out, "output").at("finish"), "stop");
}

TEST(GenerateCommand, SummarizesWithTheTasksSettings) {
  const test::TempFolder folder;
  make_model_folder(folder.path(), "t5",
                    {{"task_specific_params",
                      {{"summarization", {{"prefix", "ee "}, {"num_beams", 3}, {"max_length", 7}}}}}});
  const Ran summary = run("summarize " + folder.path() + " --threads 1 --json", "aa bc\n");
  ASSERT_EQ(summary.status, 0) << summary.err;
  const Ran generated =
      run("generate " + folder.path() + " --threads 1 --json --num-beams 3 --max-new-tokens 6", "ee aa bc\n");
  EXPECT_EQ(summary.out, generated.out);
  // What is too long for the model is cut, not refused.
  std::string article;
  for (int i = 0; i < 700; ++i) article += "aa cd ";
  EXPECT_EQ(run("summarize " + folder.path() + " --threads 1 --max-length 9", article + "\n").status, 0);
  const test::TempFolder decoder;
  make_model_folder(decoder.path(), "gpt2");
  EXPECT_NE(run("summarize " + decoder.path(), "aa\n").err.find("is no encoder-decoder model"),
            std::string::npos);
}

TEST(GenerateCommand, SaysWhatIsWrong) {
  const std::string gpt2 = "generate " + case_folder("gpt2") + " --input-ids --threads 1";
  const auto complaint = [](const std::string& arguments, const std::string& input, int status) {
    const Ran ran = run(arguments, input);
    EXPECT_EQ(ran.status, status) << arguments << ran.err;
    return ran.err;
  };
  EXPECT_EQ(complaint(gpt2, "[5, 130]\n", 1),
            "frugal: standard input:1: 130 is no token: the model's ids are 0 to 129\n");
  EXPECT_EQ(complaint(gpt2, "[5]\n[5, -1]\n", 1), "frugal: standard input:2: -1 is no token id\n");
  EXPECT_EQ(complaint(gpt2, "[5.5]\n", 1), "frugal: standard input:1: 5.5 is no token id\n");
  EXPECT_EQ(complaint(gpt2, "[99999999999]\n", 1), "frugal: standard input:1: 99999999999 is no token id\n");
  EXPECT_EQ(complaint(gpt2, "7\n", 1),
            "frugal: standard input:1: expected a list of ids\n  hint: as in [15496, 995]\n");
  EXPECT_NE(complaint(gpt2, "[5, \n", 1).find("standard input:1: "), std::string::npos);
  std::string ids = "[5";
  for (int i = 0; i < 63; ++i) ids += ", 5";
  EXPECT_EQ(
      complaint(gpt2, ids + "]\n", 1),
      "frugal: standard input:1: a prompt of 64 tokens leaves no room: the model has 64 positions, so at "
      "most 63 fit\n");
  EXPECT_EQ(complaint("generate " + case_folder("bart") + " --input-ids --threads 1", "[]\n", 1),
            "frugal: standard input:1: an empty prompt has nothing to continue\n");
  EXPECT_NE(complaint("generate " + case_folder("gpt2") + " --threads 1", "a\n", 1).find("vocab"),
            std::string::npos);
  EXPECT_NE(
      complaint("generate " FRUGAL_SOURCE_DIR "/tests/cases/bert/classification --input-ids", "[1]\n", 1)
          .find("no head that predicts"),
      std::string::npos);

  EXPECT_EQ(complaint(gpt2 + " --top-k 5", "", 2), "frugal: --top-k does nothing without --do-sample\n");
  EXPECT_EQ(complaint(gpt2 + " --seed 5", "", 2), "frugal: --seed does nothing without --do-sample\n");
  EXPECT_EQ(complaint(gpt2 + " --length-penalty 2", "", 2),
            "frugal: --length-penalty does nothing without --num-beams above 1\n");
  EXPECT_NE(complaint(gpt2 + " --do-sample --greedy", "", 2), "");
  EXPECT_NE(complaint(gpt2 + " --do-sample --temperature 0", "", 2), "");
  EXPECT_NE(complaint(gpt2 + " --min-new-tokens 9 --max-new-tokens 5", "", 2), "");
  EXPECT_NE(complaint(gpt2 + " --num-beams 2 --num-return-sequences 3", "", 2), "");
  EXPECT_NE(complaint(gpt2 + " --num-return-sequences 3", "", 2), "");
  EXPECT_NE(complaint(gpt2 + " --num-beams 0", "", 2), "");
  EXPECT_NE(complaint(gpt2 + " --stop x", "", 2), "");
}

TEST(GenerateCommand, BadLinesComeAfterTheGoodOnesBeforeThem) {
  const Ran ran = run("generate " + case_folder("gpt2") + " --input-ids --threads 1 --max-new-tokens 2",
                      "[5]\n[6]\nx\n[7]\n");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 2);
}

TEST(GenerateCommand, SeedsRepeatAndNoIdsBeginAText) {
  const std::string command =
      "generate " + case_folder("gpt2") + " --input-ids --threads 1 --do-sample --seed ";
  const Ran a = run(command + "3", "[5]\n[5]\n"), b = run(command + "3", "[5]\n[5]\n"),
            c = run(command + "4", "[5]\n[5]\n");
  EXPECT_EQ(a.out, b.out);
  EXPECT_NE(a.out, c.out);
  EXPECT_NE(a.out.substr(0, a.out.find('\n')), a.out.substr(a.out.find('\n') + 1, a.out.find('\n')));
  const std::string greedy = "generate " + case_folder("gpt2") + " --input-ids --threads 1";
  EXPECT_EQ(run(greedy, "[]\n").out, run(greedy, "[1]\n").out);
}

}  // namespace
}  // namespace frugal
