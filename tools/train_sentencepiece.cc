// frugal-train-sentencepiece: lines on standard input in, a SentencePiece model on standard output out.
//
// The sentencepiece library's trainer in a process of its own, started by
// frugal/text/sentencepiece_trainer.cc. Debian's library carries and exports a protobuf of its own (3.14), so
// one program with it and with the system's protobuf aborts at start; and its trainer leaves the process on
// some errors.
//
//     frugal-train-sentencepiece "--model_type=unigram --vocab_size=8000"
#include <sentencepiece_trainer.h>

#include <iostream>
#include <string>

namespace {

class Lines final : public sentencepiece::SentenceIterator {
 public:
  Lines() { Next(); }
  bool done() const override { return done_; }
  void Next() override { done_ = !std::getline(std::cin, line_); }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::string line_;
  bool done_ = false;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "one argument is expected: the trainer's options\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  Lines lines;
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(arguments[1], &lines, &model);
  if (!status.ok()) {
    std::cerr << status.message() << "\n";
    return 1;
  }
  std::cout << model << std::flush;
  return std::cout ? 0 : 1;
}
