// Model folders from model folders: `convert` in today's files and names, `quantize` with integer weights.
#include <filesystem>
#include <memory>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/cli/command.h"
#include "frugal/models/folder.h"
#include "frugal/shrink/quantize.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder, out;
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

ModelFolder load(const std::string& path) {
  FolderOptions options;
  options.tokenizer = false;
  return load_model_folder(path, options);
}

int convert(const Options& options) {
  check_out(options.out);
  const ModelFolder folder = load(options.folder);
  save_model_folder(options.out, *folder.model, *folder.store, options.folder);
  fmt::print("{} of weights: {}\n", format_bytes(bytes_of(*folder.store)), options.out);
  return 0;
}

int quantize(const Options& options) {
  check_out(options.out);
  const ModelFolder folder = load(options.folder);
  if (folder.model->config().contains("quantization_config"))
    throw Error(options.folder, "is quantized already");
  const Student small = frugal::quantize(*folder.model, *folder.store);
  save_model_folder(options.out, *small.model, *small.store, options.folder);
  fmt::print("{} of weights instead of {}: {}\n", format_bytes(bytes_of(*small.store)),
             format_bytes(bytes_of(*folder.store)), options.out);
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
  app.description(app.get_description() +
                  "\nNothing is trained and no data is needed. Measure what it costs: `frugal eval`, or "
                  "`frugal perplexity`.");
  return [o] { return quantize(*o); };
}

}  // namespace frugal::cli
