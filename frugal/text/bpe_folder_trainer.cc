#include "frugal/text/bpe_folder_trainer.h"

#include "frugal/text/bpe_trainer.h"
#include "frugal/text/byte_alphabet.h"
#include "frugal/text/byte_level_splitter.h"

namespace frugal {
namespace {

// The special tokens come first, as their ids say.
void add_special_tokens(BpeSpec& spec, bool roberta) {
  if (roberta) {
    spec.special = {.cls = 0, .sep = 2, .mask = 4, .pad = 1, .unk = 3, .bos = 0, .eos = 2};
    spec.pieces = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
    spec.around = Template::roberta(spec.special.cls, spec.special.sep);
    spec.trim_offsets = true;
    spec.trim_keeps_first = spec.prefix_space;
  } else {
    spec.special = {.unk = 0, .bos = 0, .eos = 0};
    spec.pieces = {"<|endoftext|>"};
  }
  for (size_t id = 0; id < spec.pieces.size(); ++id) {
    AddedToken token;
    token.id = static_cast<int32_t>(id);
    token.content = spec.pieces[id];
    token.left_strip = token.id == spec.special.mask;
    spec.added.push_back(std::move(token));
  }
}

}  // namespace

void ByteLevelBpeTrainer::add(std::string_view line) {
  std::string changed;
  if (!is_utf8(line)) line = changed = repair_utf8(line);
  if (training_.prefix_space && !line.empty() && line[0] != ' ') line = changed = ' ' + std::string(line);
  split_gpt2(line, classes_, [&](std::string_view word) {
    counts_.add(word);
    return true;
  });
}

size_t ByteLevelBpeTrainer::train(const std::string& folder, const std::function<void(size_t)>& on_piece) {
  BpeSpec spec;
  spec.prefix_space = training_.prefix_space;
  add_special_tokens(spec, training_.roberta);
  BpeTraining training;
  training.vocab_size = static_cast<size_t>(training_.vocab_size);
  training.min_frequency = training_.min_frequency;
  training.first = spec.pieces;
  for (int byte = 0; byte < 256; ++byte)
    training.alphabet.push_back(byte_to_char(static_cast<uint8_t>(byte)));
  training.on_merge = on_piece;
  WordCounts shown;
  for (const auto& [word, count] : counts_.sorted()) shown.add(bytes_to_chars(word), count);
  TrainedBpe trained = train_bpe(shown, training);
  spec.pieces = std::move(trained.pieces);
  spec.merges = std::move(trained.merges);
  write_bpe_folder(folder, spec);
  return spec.pieces.size();
}

}  // namespace frugal
