// Model folders from model folders: `convert` in today's files and names, `quantize` with integer weights, or
// for the precision that measures best.
#include <filesystem>
#include <memory>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/cli/command.h"
#include "frugal/cli/labelled_part.h"
#include "frugal/cli/training_options.h"
#include "frugal/models/folder.h"
#include "frugal/shrink/precision.h"
#include "frugal/shrink/quantize.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder, out, data;
  ColumnOptions columns;
  double keep = 0.995;
};

double bytes_of(const Store& store) {
  double bytes = 0;
  for (const auto& [name, tensor] : store.tensors()) bytes += static_cast<double>(tensor.byte_count());
  return bytes;
}

void check_out(const std::string& out) {
  if (std::filesystem::exists(out) && !(std::filesystem::is_directory(out) && std::filesystem::is_empty(out)))
    throw Error(out, "is not empty", "choose another --out, or empty it yourself");
}

ModelFolder load(const std::string& path, bool tokenizer) {
  FolderOptions options;
  options.tokenizer = tokenizer;
  return load_model_folder(path, options);
}

int convert(const Options& options) {
  check_out(options.out);
  const ModelFolder folder = load(options.folder, false);
  save_model_folder(options.out, *folder.model, *folder.store, options.folder);
  fmt::print("{} of weights: {}\n", format_bytes(bytes_of(*folder.store)), options.out);
  return 0;
}

// The precision that is fastest on this machine among those that keep enough of fp32's accuracy.
std::string measured_precision(const Options& options, const ModelFolder& folder, const Context& context) {
  Classifier classifier(TextModel(folder, context));
  const Part part = labelled_part(classifier, options.data, options.columns);
  const std::vector<PrecisionTrial> trials =
      try_precisions(folder, part.sequences, part.targets, options.keep, context);
  for (const PrecisionTrial& t : trials)
    fmt::print("{}: {:.4f} on {} texts, {} of fp32's{}; {:.3f} ms for one text\n", t.precision, t.value,
               part.size(), format_percent(t.share), t.holds ? "" : ", too little", t.latency_ms);
  return trials.front().precision;
}

int quantize(const Options& options) {
  check_out(options.out);
  if (!(options.keep > 0 && options.keep <= 1)) throw UsageError("--keep is a share, in (0, 1]");
  if ((options.precision == "auto") == options.data.empty())
    throw UsageError("--precision auto measures: it needs --data, and --data needs it");
  const Context context = options.context();
  const bool measures = options.precision == "auto";
  ModelFolder folder = load(options.folder, measures);
  if (is_quantized(*folder.model)) throw Error(options.folder, "is quantized already");
  const double before = bytes_of(*folder.store);
  const std::string precision = measures ? measured_precision(options, folder, context) : options.precision;
  folder = in_precision(std::move(folder), precision, context);
  save_model_folder(options.out, *folder.model, *folder.store, options.folder);
  fmt::print("{}, {} of weights instead of {}: {}\n", precision, format_bytes(bytes_of(*folder.store)),
             format_bytes(before), options.out);
  return 0;
}

std::shared_ptr<Options> add_folders(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder")->required();
  app.add_option("--out", o->out, "the folder to write; new or empty")->required();
  return o;
}

}  // namespace

std::function<int()> setup_convert(CLI::App& app) {
  const auto o = add_folders(app);
  app.description(
      app.get_description() +
      "\nReads what every command reads (pytorch_model.bin, shards, half precision, older names) and "
      "writes one model.safetensors in float32 beside config.json and the tokenizer's files.");
  return [o] { return convert(*o); };
}

std::function<int()> setup_quantize(CLI::App& app) {
  const auto o = add_folders(app);
  o->precision = "int8";
  app.add_option("--precision", o->precision,
                 "int8 (default), bf16, fp32; auto: the fastest that keeps the accuracy on --data");
  app.add_option("--data", o->data, "for auto: labelled text to measure on, TSV, CSV or JSON lines");
  app.add_option("--keep", o->keep, "for auto: share of fp32's accuracy to keep (default 0.995)");
  add_columns(app, o->columns);
  o->add_threads(app);
  app.description(app.get_description() +
                  "\nNothing is trained. int8 needs no data, and every machine multiplies the same integers; "
                  "measure what it costs: `frugal eval`, or `frugal perplexity`. bf16 keeps the weights and "
                  "records how to multiply them.");
  return [o] { return quantize(*o); };
}

}  // namespace frugal::cli
