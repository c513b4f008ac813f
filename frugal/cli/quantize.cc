#include "frugal/shrink/quantize.h"

#include <filesystem>
#include <memory>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/cli/command.h"
#include "frugal/models/folder.h"

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

int run(const Options& options) {
  FolderOptions load;
  load.tokenizer = false;
  const ModelFolder folder = load_model_folder(options.folder, load);
  if (folder.model->config().contains("quantization_config"))
    throw Error(options.folder, "is quantized already");
  if (std::filesystem::exists(options.out) && !std::filesystem::is_empty(options.out))
    throw Error(options.out, "is not empty", "choose another --out, or empty it yourself");
  const Student small = quantize(*folder.model, *folder.store);
  save_model_folder(options.out, *small.model, *small.store, options.folder);
  fmt::print("{} of weights instead of {}: {}\n", format_bytes(bytes_of(*small.store)),
             format_bytes(bytes_of(*folder.store)), options.out);
  return 0;
}

}  // namespace

std::function<int()> setup_quantize(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder")->required();
  app.add_option("--out", o->out, "folder for the quantized model; new or empty")->required();
  app.description(app.get_description() +
                  "\nNothing is trained and no data is needed. Measure what it costs: `frugal eval`, or "
                  "`frugal perplexity`.");
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
