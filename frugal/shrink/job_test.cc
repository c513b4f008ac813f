// The program as users run it, on a slice of real text and a small random model.
#include "frugal/shrink/job.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"
#include "frugal/io/testing.h"
#include "frugal/models/weights.h"
#include "frugal/predict/classifier.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int status;
  std::string output;  // standard output and error
};

Ran run(const std::string& arguments, const std::string& input = "") {
  const test::TempFolder folder;
  const std::string in = folder.path() + "/in", out = folder.path() + "/out";
  write_file(in, input);
  const std::string command =
      std::string(FRUGAL_BINARY) + " " + arguments + " < " + in + " > " + out + " 2>&1";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out, 1 << 24)};
}

// A two-layer BERT of 32 dimensions with the committed uncased vocabulary and random weights.
void make_model_folder(const std::string& folder) {
  const fs::path source = fs::path(FRUGAL_SOURCE_DIR) / "tests" / "cases" / "wordpiece" / "uncased";
  make_folder(folder);
  for (const auto& entry : fs::directory_iterator(source))
    fs::copy(entry.path(), fs::path(folder) / entry.path().filename());
  const auto pieces = load_tokenizer(folder)->vocab_size();
  const Json config{{"architectures", {"BertModel"}},
                    {"model_type", "bert"},
                    {"vocab_size", pieces},
                    {"hidden_size", 32},
                    {"num_hidden_layers", 2},
                    {"num_attention_heads", 4},
                    {"intermediate_size", 64},
                    {"max_position_embeddings", 64},
                    {"type_vocab_size", 2}};
  write_json(folder + "/config.json", config);
  TensorMap tensors;
  for (const ParameterSpec& spec : make_model(config, "test")->parameters())
    tensors[spec.name] = initial_value(spec, 0.1, 1);
  write_safetensors(folder + "/model.safetensors", tensors);
}

// The first three intents of BANKING77, in turn so that a slice holds all.
void make_data(const std::string& path, int rows) {
  std::ifstream source(std::string(FRUGAL_SOURCE_DIR) + "/examples/banking77/train.tsv");
  std::map<std::string, std::vector<std::string>> by_label;
  std::string line, text = "sentence\tlabel\n";
  std::getline(source, line);
  while (std::getline(source, line)) by_label[line.substr(line.find('\t') + 1)].push_back(line);
  for (int i = 0; i < rows; ++i) text += std::next(by_label.begin(), i % 3 * 20)->second[i / 3] + "\n";
  write_file(path, text);
}

class MainJob : public testing::Test {
 protected:
  void SetUp() override {
    make_model_folder(root() + "/model");
    make_data(root() + "/train.tsv", 240);
  }
  std::string root() const { return folder_.path(); }
  std::string job(const std::string& out, const std::string& more = "",
                  const std::string& target = "0.9") const {
    return "shrink --model " + root() + "/model --data " + root() + "/train.tsv --test " + root() +
           "/train.tsv --target " + target +
           " --epochs 6 --student-epochs 6 --batch-size 16 --checkpoint-seconds 0.02 --quiet --out " +
           root() + "/" + out + " " + more;
  }

 private:
  test::TempFolder folder_;
};

TEST_F(MainJob, LeavesAModelThatClassifiesAndAReport) {
  const Ran ran = run(job("out", "--lr 3e-3"));
  ASSERT_TRUE(ran.status == 0 || ran.status == 3) << ran.output;
  for (const char* file : {"config.json", "model.safetensors", "report.html", "report.json"})
    EXPECT_TRUE(fs::exists(root() + "/out/" + file)) << file;
  Classifier classifier = Classifier::load(root() + "/out", 1);
  EXPECT_EQ(classifier.labels().size(), 3u);
  const Ran labelled = run("classify " + root() + "/out", "my card has not arrived\nhello\n");
  EXPECT_EQ(labelled.status, 0);
  EXPECT_EQ(std::count(labelled.output.begin(), labelled.output.end(), '\n'), 2);
  const Ran again = run(job("out", "--lr 3e-3"));  // finished: says the same, works no second time
  EXPECT_EQ(again.status, ran.status);
  EXPECT_NE(run(job("out", "--lr 3e-3 --seed 9")).status, 0);  // other settings in the same folder
}

// Kills the job at several moments; repeating the command ends with the same bytes as an undisturbed run.
TEST_F(MainJob, SurvivesKillsAndEndsWithTheSameModel) {
  const Ran whole = run(job("whole", "--lr 3e-3"));
  ASSERT_TRUE(whole.status == 0 || whole.status == 3) << whole.output;
  for (int milliseconds : {60, 150, 250, 400, 700}) {
    const pid_t child = fork();
    if (child == 0) {
      const std::string command =
          "exec " + std::string(FRUGAL_BINARY) + " " + job("killed", "--lr 3e-3") + " > /dev/null 2>&1";
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
    usleep(milliseconds * 1000);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  const Ran ran = run(job("killed", "--lr 3e-3"));
  EXPECT_EQ(ran.status, whole.status) << ran.output;
  for (const char* model : {"teacher", "student-1"})
    EXPECT_EQ(read_file(root() + "/whole/work/" + model + "/model.safetensors", 1 << 28),
              read_file(root() + "/killed/work/" + model + "/model.safetensors", 1 << 28))
        << model;
}

TEST_F(MainJob, RefusesWhatMakesNoSense) {
  const auto says = [&](const std::string& more, const std::string& target, const std::string& text) {
    const Ran ran = run(job("refused", more, target));
    EXPECT_EQ(ran.status, 2) << more << ran.output;
    EXPECT_NE(ran.output.find(text), std::string::npos) << more << ran.output;
    EXPECT_FALSE(fs::exists(root() + "/refused/model.safetensors"));
  };
  says("", "97", "--target 0.97");
  says("--lr -1", "0.9", "--lr");
  says("--threads 0", "0.9", "--threads");
  says("--threads 100000", "0.9", "--threads");
  says("--epoch 3", "0.9", "did you mean --epochs");
  says("--depths 7", "0.9", "--depths");
  write_file(root() + "/one.tsv", "sentence\tlabel\na\tx\nb\tx\n");
  const Ran one = run("shrink --model " + root() + "/model --data " + root() + "/one.tsv --quiet --out " +
                      root() + "/one");
  EXPECT_EQ(one.status, 1) << one.output;
  make_folder(root() + "/full");
  write_file(root() + "/full/mine.txt", "precious");
  const Ran full = run(job("full"));
  EXPECT_EQ(full.status, 1) << full.output;
  EXPECT_EQ(read_file(root() + "/full/mine.txt", 100), "precious");
}

TEST(StudentEpochs, FollowWhatADepthCosts) {
  ShrinkOptions options;
  options.teacher.epochs = 5;
  options.student.epochs = 12;
  for (const auto& [depth, epochs] : {std::pair{1, 72.0}, {2, 12.0}, {3, 5.0}, {6, 5.0}})
    EXPECT_EQ(student_epochs(options, depth), epochs) << depth;
  options.student.epochs = 3;
  EXPECT_EQ(student_epochs(options, 6), 3) << "as asked for";
}

TEST(Commands, EachHasHelpWithExamples) {
  for (const char* name : {"shrink", "train", "eval", "classify", "embed", "fill", "tokenize", "serve",
                           "info", "run", "bench"}) {
    const Ran ran = run(std::string(name) + " --help");
    EXPECT_EQ(ran.status, 0) << name;
    EXPECT_NE(ran.output.find("Examples:"), std::string::npos) << name;
  }
  EXPECT_EQ(run("shrnk").status, 2);
  EXPECT_EQ(run("info /nonexistent").status, 1);
}

TEST(Commands, InfoShowsFilesOfTorch) {
  const std::string cases = std::string(FRUGAL_SOURCE_DIR) + "/tests/cases/torch/";
  for (const char* file : {"kinds.bin", "kinds_legacy.bin", "kinds.safetensors"})
    EXPECT_NE(run("info " + cases + file).output.find("24 tensors, 131 elements"), std::string::npos) << file;
  const Ran folder = run("info " + cases + "bert_archive --tokens 16");
  EXPECT_NE(folder.output.find("BertForSequenceClassification: 2 layers"), std::string::npos)
      << folder.output;
}

TEST(Commands, InfoShowsThePrograms) {
  const std::string info =
      "info " + std::string(FRUGAL_SOURCE_DIR) + "/tests/cases/bert/classification --threads 1 ";
  const std::string bytes = run(info + "--program --precision int8 --sequences 8 --tokens 64").output;
  EXPECT_NE(bytes.find("row_strips"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find("      - packed_matmul"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find("s8 N gelu"), std::string::npos) << bytes;
  EXPECT_EQ(run(info + "--training --precision int8").status, 2);
  // The embeddings' gradients are their touched rows, so all gradients fit into the arena.
  const std::string training = run(info + "--training --tokens 8").output;
  const size_t rest = training.find("activations and the rest ");
  ASSERT_NE(rest, std::string::npos) << training;
  EXPECT_NE(training.find(" kB\n", rest), std::string::npos) << training;
}

}  // namespace
}  // namespace frugal
