#include <filesystem>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/cli/command.h"
#include "frugal/eval/measure.h"
#include "frugal/io/torch_file.h"
#include "frugal/models/folder.h"
#include "frugal/models/inference.h"
#include "frugal/ops/adamw.h"
#include "frugal/runtime/row_strips.h"
#include "frugal/train/step_graph.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string path;
  bool program = false, training = false;
  int64_t tokens = 0, sequences = 1;  // tokens 0: not said
};

int print_tensors(const TensorMap& tensors, const Metadata& metadata, bool json) {
  int64_t elements = 0, bytes = 0;
  Json list = Json::array();
  for (const auto& [name, tensor] : tensors) {
    elements += tensor.count();
    bytes += static_cast<int64_t>(tensor.byte_count());
    list.push_back(
        {{"name", name}, {"type", std::string(name_of(tensor.type()))}, {"shape", tensor.shape()}});
    if (!json) fmt::print("{:<72} {:<5} {}\n", name, name_of(tensor.type()), to_string(tensor.shape()));
  }
  if (json)
    fmt::print(
        "{}\n",
        to_text(Json{{"tensors", list}, {"elements", elements}, {"bytes", bytes}, {"metadata", metadata}}));
  else
    fmt::print("{} tensors, {} elements, {}\n", tensors.size(), format_count(elements),
               format_bytes(static_cast<double>(bytes)));
  return 0;
}

// A batch of the asked size: `sequences` of equal length.
// A model with a decoder gets as many tokens there.
PackedBatch sample_batch(const Options& o, const ModelInfo& info) {
  std::vector<Sequence> batch(o.sequences);
  for (int64_t i = 0; i < o.tokens; ++i) {
    Sequence& sequence = batch[i * o.sequences / o.tokens];
    sequence.ids.push_back(0);
    sequence.types.push_back(0);
  }
  std::vector<const Sequence*> pointers;
  for (const Sequence& sequence : batch) pointers.push_back(&sequence);
  return pack_for(info, pointers);
}

void print_step(const std::string& before, const Node& node, const std::string& microseconds) {
  const Work work = node.op->work(types_of(node.inputs), node.outputs);
  fmt::print("{}{:<{}} {:<28} {:<20} {:>10} {:>10} {:>9}  {}\n", before, node.op->name(), 22 - before.size(),
             node.op->attributes(), node.outputs.empty() ? "" : to_string(node.outputs[0]),
             format_si(work.flops, ""), format_bytes(work.bytes), microseconds, node.scope);
}

void print_program(Program& program) {
  program.run();
  const std::vector<double> seconds = program.profile();
  double total = 0;
  for (double s : seconds) total += s;
  fmt::print("{:>4}  {:<16} {:<28} {:<20} {:>10} {:>10} {:>9}  {}\n", "step", "operation", "attributes",
             "output", "FLOPs", "bytes", "us", "scope");
  for (size_t i = 0; i < seconds.size(); ++i) {
    const Node& node = program.graph().node(program.plan().order[i]);
    print_step(fmt::format("{:>4}  ", i), node, fmt::format("{:.1f}", 1e6 * seconds[i]));
    if (const auto* strips = dynamic_cast<const RowStrips*>(node.op.get()))
      for (const Node& part : strips->body().nodes())
        if (part.op) print_step("      - ", part, "");
  }
  const Work work = price(program.graph());
  fmt::print("arena {}, scratch {} a thread, {} in {:.3f} ms: {}/s\n",
             format_bytes(static_cast<double>(program.arena_bytes())),
             format_bytes(static_cast<double>(program.scratch_bytes())), format_si(work.flops, "FLOP"),
             1e3 * total, format_si(work.flops / total, "FLOP"));
}

// What a training step keeps: for each weight its two moments and, until all are clipped, its gradient; and
// what is left, which is what depends on the batch.
void print_training_memory(const Program& program) {
  size_t weights = 0, gradients = 0;
  for (const Node& node : program.graph().nodes()) {
    const bool rows = dynamic_cast<const AdamWRows*>(node.op.get()) != nullptr;
    if (!rows && !dynamic_cast<const AdamW*>(node.op.get())) continue;
    weights += node.inputs[0].type().byte_count();
    gradients += node.inputs[rows ? 3 : 1].type().byte_count();  // an embedding's: its touched rows
  }
  const auto bytes = [](size_t count) { return format_bytes(static_cast<double>(count)); };
  fmt::print("memory: weights {}, optimizer {}, gradients {}, activations and the rest {}\n", bytes(weights),
             bytes(2 * weights), bytes(gradients), bytes(program.arena_bytes() - gradients));
}

// One training step of the head's own loss, on weights of its own.
std::unique_ptr<Program> training_program(const ModelFolder& folder, const PackedBatch& batch,
                                          const Context& context) {
  auto store = std::make_shared<Store>();
  for (const auto& [name, tensor] : folder.store->tensors()) store->set(name, tensor.clone());
  const LabelObjective objective = default_labels(folder.model->info()) == LabelKind::real
                                       ? LabelObjective(std::vector<float>{0})
                                       : LabelObjective(std::vector<int32_t>{0});
  auto program = compile_for_training(*update_graph(*folder.model, objective, batch.shape, StepOptions{}),
                                      context, store, training_precision(context));
  write_batch(*program, batch);
  return program;
}

// The tokens to price: those asked for, or as many as 128 that the model has positions for.
void settle_tokens(Options& o, const ModelInfo& info) {
  const int64_t most = info.max_positions > 0 ? info.max_positions : std::numeric_limits<int64_t>::max();
  if (o.tokens == 0) o.tokens = std::max(o.sequences, std::min<int64_t>(128, most));
  if (o.tokens < o.sequences) throw UsageError("--sequences must not exceed --tokens");
  if (ceil_div(o.tokens, o.sequences) > most)
    throw UsageError(fmt::format("{} tokens a sequence exceed the model's {} positions",
                                 ceil_div(o.tokens, o.sequences), most));
}

int run(Options o) {
  if (std::filesystem::is_regular_file(o.path)) {
    const TensorFile file = read_tensor_file(o.path);
    return print_tensors(file.tensors, file.metadata, o.json);
  }
  FolderOptions options;
  options.tokenizer = false;
  if (o.training && o.precision != "auto")
    throw UsageError("--precision is of a model in use; --training computes as `frugal train` does");
  const Context context = o.context();
  const ModelFolder folder =
      o.training ? load_model_folder(o.path, options) : o.load(o.path, context, options);
  const ModelInfo& info = folder.model->info();
  settle_tokens(o, info);
  if (o.training) {
    const auto program = training_program(folder, sample_batch(o, info), context);
    print_program(*program);
    print_training_memory(*program);
    return 0;
  }
  Inference inference(folder.model, folder.store, context);
  const PackedBatch batch = sample_batch(o, info);
  Program& program = inference.prepare(batch);
  const Work work = price(program.graph());
  if (o.program) {
    print_program(program);
    return 0;
  }
  const double flops_per_token = work.flops / static_cast<double>(batch.shape.tokens);
  if (o.json) {
    TensorMap tensors = weights_to_save(*folder.model, *folder.store);
    Json list = Json::array();
    for (const auto& [name, tensor] : tensors)
      list.push_back(
          {{"name", name}, {"type", std::string(name_of(tensor.type()))}, {"shape", tensor.shape()}});
    fmt::print("{}\n", to_text(Json{{"architecture", info.architecture},
                                    {"layers", info.layers},
                                    {"hidden_size", info.hidden_size},
                                    {"vocabulary", info.vocab_size},
                                    {"positions", info.max_positions},
                                    {"labels", info.label_names},
                                    {"parameters", parameter_count(*folder.model)},
                                    {"bytes", folder_bytes(o.path)},
                                    {"flops_per_token", flops_per_token},
                                    {"arena_bytes", program.arena_bytes()},
                                    {"rows_computed", inference.rows_computed},
                                    {"rows_padding", inference.rows_computed - inference.rows_filled},
                                    {"tensors", list}}));
    return 0;
  }
  print_tensors(weights_to_save(*folder.model, *folder.store), {}, false);
  fmt::print("{}: {} layers, hidden size {}, {} pieces, {} positions\n", info.architecture, info.layers,
             info.hidden_size, format_count(info.vocab_size),
             info.max_positions > 0 ? std::to_string(info.max_positions) : "any number of");
  fmt::print("{} parameters, {} on disk\n", format_count(parameter_count(*folder.model)),
             format_bytes(static_cast<double>(folder_bytes(o.path))));
  fmt::print("{} a token at {} x {} tokens; {} rows computed, {} of them padding; {} of working memory\n",
             format_si(flops_per_token, "FLOP"), o.sequences, o.tokens / o.sequences, inference.rows_computed,
             inference.rows_computed - inference.rows_filled,
             format_bytes(static_cast<double>(program.arena_bytes())));
  return 0;
}

}  // namespace

std::function<int()> setup_info(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("path", o->path, "model folder, safetensors file or pytorch_model.bin")->required();
  app.add_flag("--program", o->program, "print the compiled program, each step with its price and time");
  app.add_flag("--training", o->training, "the program of a training step instead");
  app.add_option("--tokens", o->tokens, "tokens of the batch that is priced (default 128, or all positions)")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--sequences", o->sequences, "sequences they make (default 1)")
      ->check(CLI::Range(1, 1 << 20));
  o->add_precision(app);
  o->add_threads(app);
  o->add_json(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
