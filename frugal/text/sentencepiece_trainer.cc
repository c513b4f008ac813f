#include "frugal/text/sentencepiece_trainer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/system_error.h"

namespace frugal {
namespace {

constexpr const char* kProgram = "frugal-train-sentencepiece";
constexpr size_t kMostModelBytes = size_t{256} << 20, kMostErrorBytes = size_t{1} << 16;

std::string program_path() {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& path : {here / kProgram, here / "../libexec/frugal" / kProgram})
    if (!error && std::filesystem::exists(path)) return path.string();
  throw Error("", fmt::format("the program {} is missing", kProgram),
              "it is built and installed together with frugal");
}

// A file without a name that goes away with the object.
class Scratch {
 public:
  Scratch() : file_(std::tmpfile()) {
    if (!file_) throw_system_error("", "make a temporary file", errno);
  }
  ~Scratch() { std::fclose(file_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  int fd() const { return ::fileno(file_); }
  std::string content(size_t most) const {
    std::string bytes(most, '\0');
    std::rewind(file_);
    bytes.resize(std::fread(bytes.data(), 1, most, file_));
    return bytes;
  }

 private:
  std::FILE* file_;
};

std::string options_of(SentencePieceModel::Kind kind, const TokenizerTraining& training) {
  const bool unigram = kind == SentencePieceModel::unigram;
  // Threads share out the lines and add up their counts, so the number must not depend on the machine. Lines
  // beyond max_sentence_length are left out, and the library's own limit, 4,192 bytes, is less than many a
  // paragraph.
  return fmt::format(
      "--model_type={} --vocab_size={} {} --hard_vocab_limit=false --num_threads=16 --max_sentence_length={} "
      "--minloglevel=2",
      unigram ? "unigram" : "bpe", training.vocab_size,
      unigram ? "--pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1" : "--unk_id=0 --bos_id=1 --eos_id=2", 1 << 24);
}

// The last line of what the library says, without its place in the library's sources: "file.cc(12)
// [condition] ".
std::string complaint(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  text = text.substr(text.rfind('\n') + 1);
  const size_t place = text.find("] ");
  return place == std::string::npos ? text : text.substr(place + 2);
}

}  // namespace

class SentencePieceTrainer::Process {
 public:
  explicit Process(const std::string& options) {
    const std::string path = program_path();
    int pair[2];  // a socket, so that writing to a dead process is an error and not a signal
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      throw_system_error("", "talk to another program", errno);
    lines_ = pair[0];
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pair[1], 0);
    ::posix_spawn_file_actions_adddup2(&actions, model_.fd(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, errors_.fd(), 2);
    std::string name = kProgram, argument = options;
    char* arguments[] = {name.data(), argument.data(), nullptr};
    const int failed = ::posix_spawn(&id_, path.c_str(), &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pair[1]);
    if (failed != 0) {
      ::close(lines_);
      throw_system_error(path, "start the program", failed);
    }
  }

  ~Process() {
    if (lines_ >= 0) ::close(lines_);
    if (id_ < 0) return;
    ::kill(id_, SIGKILL);
    wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(std::string_view line) {
    buffer_.append(line) += '\n';
    if (buffer_.size() >= size_t{1} << 16) flush();
  }

  std::string finish() {
    flush();
    ::close(lines_);
    lines_ = -1;
    const int status = wait();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return model_.content(kMostModelBytes);
    const std::string said = complaint(errors_.content(kMostErrorBytes));
    if (!said.empty()) throw Error("", "the sentencepiece library refuses: " + said);
    throw Error("", WIFSIGNALED(status) ? fmt::format("{} was ended by signal {}", kProgram, WTERMSIG(status))
                                        : fmt::format("{} failed without a word", kProgram));
  }

 private:
  void flush() {
    for (std::string_view rest = buffer_; !rest.empty();) {
      const ssize_t sent = ::send(lines_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) break;  // it has ended; finish() says why
      rest.remove_prefix(static_cast<size_t>(sent));
    }
    buffer_.clear();
  }

  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

  Scratch model_, errors_;
  std::string buffer_;
  int lines_ = -1;
  pid_t id_ = -1;
};

SentencePieceTrainer::SentencePieceTrainer(SentencePieceModel::Kind kind, const TokenizerTraining& training)
    : kind_(kind), process_(std::make_unique<Process>(options_of(kind, training))) {}

SentencePieceTrainer::~SentencePieceTrainer() = default;

void SentencePieceTrainer::add(std::string_view line) {
  bool blank = true;
  for (const char c : line) {
    const bool is_blank = c == ' ' || c == '\t';
    words_ += blank && !is_blank;
    blank = is_blank;
  }
  process_->send(line);
}

size_t SentencePieceTrainer::train(const std::string& folder, const std::function<void(size_t)>& on_piece) {
  if (words_ == 0) throw Error("", "there is no text to train on");
  const std::string file = process_->finish();
  const std::string path = folder + "/spiece.model";
  const SentencePieceModel model = parse_sentencepiece_model(file, path);
  make_folder(folder);
  write_file(path, file);
  const bool unigram = kind_ == SentencePieceModel::unigram;
  Json config = {{"tokenizer_class", unigram ? "T5Tokenizer" : "ReformerTokenizer"},
                 {"eos_token", "</s>"},
                 {"unk_token", "<unk>"}};
  if (unigram) config.update({{"pad_token", "<pad>"}, {"extra_ids", 0}});
  write_json(folder + "/tokenizer_config.json", config);
  if (on_piece) on_piece(model.pieces.size());
  return model.pieces.size();
}

}  // namespace frugal
