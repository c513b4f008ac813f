#include <charconv>
#include <ctime>
#include <memory>

#include "frugal/cli/command.h"
#include "frugal/cli/id_list.h"
#include "frugal/cli/lines.h"
#include "frugal/cli/tokenize_train.h"
#include "frugal/io/json.h"
#include "frugal/text/tokenizer.h"

namespace frugal::cli {
namespace {

struct Options {
  std::string folder;
  bool decode = false, no_special = false, pieces = false, offsets = false, time = false;
  int max_length = 0;
  TrainTokenizer train;
};

std::string id_array(const std::vector<int32_t>& ids) {
  std::string text = "[";
  char digits[16];
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) text += ", ";
    text.append(digits, std::to_chars(digits, digits + sizeof digits, ids[i]).ptr);
  }
  return text + "]";
}

std::string shown(const Tokenizer& tokenizer, const Encoding& encoding, const Options& options) {
  if (!options.pieces && !options.offsets) return id_array(encoding.ids);
  Json json;
  json["ids"] = encoding.ids;
  if (options.offsets) json["offsets"] = encoding.offsets;
  if (options.pieces)
    for (int32_t id : encoding.ids) json["pieces"].push_back(std::string(tokenizer.piece_of(id)));
  return to_text(json, -1);
}

std::string decoded(const Tokenizer& tokenizer, const std::string& line, int64_t number,
                    const Options& options) {
  const std::string where = fmt::format("standard input:{}", number);
  const std::vector<int32_t> ids = parse_ids(line, where, tokenizer.vocab_size());
  return tokenizer.decode(ids, !options.no_special);
}

// Encodes the lines of a block and shows them; returns the processor time of the encoding alone.
double encode(const Tokenizer& tokenizer, const std::vector<std::string>& lines, const Options& options) {
  EncodeOptions encode;
  encode.special_tokens = !options.no_special;
  encode.max_length = options.max_length;
  encode.offsets = options.offsets;
  std::vector<Encoding> encodings;
  encodings.reserve(lines.size());
  const std::clock_t start = std::clock();
  for (const std::string& line : lines) encodings.push_back(tokenizer.encode(line, encode));
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  for (const Encoding& encoding : encodings) put_line(shown(tokenizer, encoding, options));
  return seconds;
}

int run(const Options& options) {
  if (options.train.wanted()) {
    if (!options.folder.empty() || options.decode || options.no_special || options.pieces ||
        options.offsets || options.time || options.max_length != 0)
      throw UsageError("--train goes with none of the options of encoding, nor with a folder to read",
                       "the folder to write is --out");
    return options.train.run();
  }
  if (options.folder.empty()) throw UsageError("folder is required");
  if (options.max_length < 0) throw UsageError("--max-length must not be negative");
  if (options.decode && (options.pieces || options.offsets || options.time || options.max_length > 0))
    throw UsageError("--decode goes with none of --pieces, --offsets, --time, --max-length");
  const auto tokenizer = load_tokenizer(options.folder);
  int64_t number = 0;
  double seconds = 0;
  for_each_block(4096, [&](const std::vector<std::string>& lines) {
    if (options.decode) {
      for (const std::string& line : lines) put_line(decoded(*tokenizer, line, ++number, options));
    } else {
      seconds += encode(*tokenizer, lines, options);
    }
    flush_output();
  });
  if (options.time) fmt::print(stderr, "encoded in {:.3f} s of processor time\n", seconds);
  return 0;
}

}  // namespace

std::function<int()> setup_tokenize(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "a model's or a tokenizer's folder");
  app.add_flag("--decode", o->decode, "JSON arrays of token numbers in, text out");
  app.add_flag("--no-special", o->no_special,
               "without the tokens that the template adds ([CLS], [SEP]); with --decode: keep them");
  app.add_flag("--pieces", o->pieces, "print the pieces too, as JSON objects");
  app.add_flag("--offsets", o->offsets, "print each token's bytes in the line too, as JSON objects");
  app.add_option("--max-length", o->max_length, "cut after so many tokens (default: no limit)");
  app.add_flag("--time", o->time,
               "say on standard error how long encoding took, without reading and printing");
  o->train.add(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
