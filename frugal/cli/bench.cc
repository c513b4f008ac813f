#include <charconv>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/cli/command.h"
#include "frugal/cli/id_list.h"
#include "frugal/cli/training_options.h"
#include "frugal/eval/shapes.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/ops/gemm/peak.h"
#include "frugal/shrink/precision.h"

namespace frugal::cli {
namespace {

// Takes a minute by itself.
constexpr const char* kOnlyByName = "BERT-large";

struct Options : Common {
  double seconds = 0.5;
  std::string shape, model, ids, batches = "1,64";
  std::vector<std::string> precisions, works{"1x8", "1x32", "1x128", "8x128"};
  bool machine_only = false;
};

struct WorkSize {
  int64_t batch, tokens;
};

// "8x128" as numbers, of each.
std::vector<WorkSize> work_list(const std::vector<std::string>& parts) {
  std::vector<WorkSize> works;
  for (const std::string& part : parts) {
    WorkSize work{0, 0};
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), work.batch);
    const char* last = part.data() + part.size();
    const bool cross = error == std::errc() && end != last && *end == 'x';
    if (cross) std::from_chars(end + 1, last, work.tokens);
    if (!cross || part != fmt::format("{}x{}", work.batch, work.tokens) || work.batch < 1 ||
        work.tokens < 1 || work.batch * work.tokens > 1'000'000)
      throw UsageError(fmt::format("--work: '{}' is not batch x tokens", part), "like 1x128 or 64x128");
    works.push_back(work);
  }
  return works;
}

std::vector<Sequence> read_ids(const std::string& path, int64_t pieces, int64_t positions) {
  std::vector<Sequence> sequences;
  std::stringstream lines(read_file(path, size_t{1} << 30));
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string where = fmt::format("{}:{}", path, ++number);
    std::vector<int32_t> ids = parse_ids(line, where, pieces);
    if (ids.empty()) throw Error(where, "no ids");
    if (positions > 0 && static_cast<int64_t>(ids.size()) > positions)
      throw Error(where, fmt::format("{} ids, the model has {} positions", ids.size(), positions));
    sequences.push_back(sequence_of(std::move(ids)));
  }
  if (sequences.empty()) throw Error(path, "is empty");
  return sequences;
}

double peak_of(const MachinePeak& peak, const std::string& precision) {
  return precision == "int8" ? peak.s8_ops : precision == "bf16" ? peak.bf16_flops : peak.f32_flops;
}

std::string isa_list() {
  std::string text;
  for (Isa isa : supported_isas()) text += (text.empty() ? "" : ", ") + std::string(name_of(isa));
  return text;
}

std::string shape_names() {
  std::string text;
  for (const BenchShape& shape : bench_shapes()) text += (text.empty() ? "" : ", ") + shape.name;
  return text;
}

int run(const Options& o) {
  if (!(o.seconds > 0 && o.seconds <= 60)) throw UsageError("--seconds is not in (0, 60]");
  const std::vector<WorkSize> works = work_list(o.works);
  const std::vector<int64_t> batches = integer_list("--batch", o.batches, 1);
  const std::vector<BenchShape> shapes = bench_shapes();
  if (!o.shape.empty() &&
      std::none_of(shapes.begin(), shapes.end(), [&](const BenchShape& s) { return s.name == o.shape; }))
    throw UsageError(fmt::format("unknown --shape '{}'", o.shape), shape_names());
  if (!o.ids.empty() && o.model.empty() && o.shape.empty())
    throw UsageError("--ids needs --model or --shape");
  const std::string isas = isa_list();
  const Context context = o.context();
  for (const std::string& precision : o.precisions) check_precision(precision, context);
  std::optional<ModelFolder> folder;
  if (!o.model.empty()) {
    FolderOptions options;
    options.tokenizer = false;
    folder = load_model_folder(o.model, options);
  }
  const MachinePeak peak = measure_peak(context);
  Json json{{"cores", available_cores()},
            {"threads", context.team->threads()},
            {"instruction_sets", isas},
            {"used", std::string(name_of(context.isa))},
            {"peak",
             {{"fp32", peak.f32_flops},
              {"bf16", peak.bf16_flops},
              {"int8", peak.s8_ops},
              {"bytes_per_second", peak.bytes_per_second}}},
            {"rows", Json::array()}};
  if (!o.json) {
    fmt::print("cores {}, threads {}, instruction sets {} (using {})\n", available_cores(),
               context.team->threads(), isas, name_of(context.isa));
    fmt::print("peak: fp32 {}/s, bf16 {}, int8 {}/s, memory {}/s\n", format_si(peak.f32_flops, "FLOP"),
               peak.bf16_flops > 0 ? format_si(peak.bf16_flops, "FLOP") + "/s" : "none",
               format_si(peak.s8_ops, "OP"), format_bytes(peak.bytes_per_second));
    if (!o.machine_only)
      fmt::print("\n{:<12} {:>8} {:>6} {:>10} {:>8} {:>14} {:>8} {:>10} by\n", "shape", "work", "type", "ms",
                 "spread", "rate", "of peak", "least ms");
  }
  // What reading weights of so many bytes costs, measured once each.
  std::map<double, double> rates;
  const auto read_rate = [&](double bytes) {
    const auto [rate, fresh] = rates.try_emplace(bytes);
    if (fresh) rate->second = measure_read_rate(context, static_cast<size_t>(bytes));
    return rate->second;
  };
  const auto report = [&](const BenchRow& row) {
    const double most = peak_of(peak, row.precision);  // 0: not known
    const double share = most > 0 ? row.operations_per_second / most : 0;
    const double computing = most > 0 ? 1e3 * row.flops / most : 0;
    const auto batches = static_cast<double>((row.sequences + row.batch - 1) / row.batch);
    const double reading = 1e3 * batches * row.weight_bytes / read_rate(row.weight_bytes);
    json["rows"].push_back({{"shape", row.shape},
                            {"batch", row.batch},
                            {"tokens", row.tokens},
                            {"sequences", row.sequences},
                            {"precision", row.precision},
                            {"milliseconds", row.milliseconds},
                            {"spread", row.spread},
                            {"flops", row.flops},
                            {"operations_per_second", row.operations_per_second},
                            {"share_of_peak", share},
                            {"weight_bytes", row.weight_bytes},
                            {"least_milliseconds", std::max(computing, reading)},
                            {"runs", row.runs}});
    if (o.json) return;
    fmt::print("{:<12} {:>8} {:>6} {:>10.3f} {:>8} {:>14} {:>8} {:>10.3f} {}\n", row.shape,
               row.tokens > 0 ? fmt::format("{}x{}", row.batch, row.tokens)
                              : fmt::format("{} by {}", row.sequences, row.batch),
               row.precision, row.milliseconds, format_percent(row.spread, 0),
               format_si(row.operations_per_second, "OP") + "/s", most > 0 ? format_percent(share) : "?",
               std::max(computing, reading), computing > reading ? "computing" : "reading weights");
    std::fflush(stdout);
  };
  const auto measure = [&](const std::string& name, const ModelFolder& measured) {
    std::vector<BenchSubject> subjects;
    for (const std::string& precision :
         o.precisions.empty() ? precisions_of(measured, context) : o.precisions)
      subjects.emplace_back(name, measured, precision, context);
    if (!o.ids.empty()) {
      const ModelInfo& info = subjects.front().info();
      const std::vector<Sequence> sequences = read_ids(o.ids, info.vocab_size, info.max_positions);
      for (const int64_t batch : batches)
        for (BenchSubject& subject : subjects) report(subject.time(sequences, batch, o.seconds));
      return;
    }
    for (const auto& [batch, tokens] : works)
      for (BenchSubject& subject : subjects) report(subject.time(batch, tokens, o.seconds));
  };
  if (folder) {
    measure(std::filesystem::path(o.model).lexically_normal().filename().string(), *folder);
  } else if (!o.machine_only) {
    for (const BenchShape& shape : shapes)
      if (o.shape == shape.name || (o.shape.empty() && shape.name != kOnlyByName))
        measure(shape.name, random_folder(shape));
  }
  if (o.json) fmt::print("{}\n", to_text(json));
  return 0;
}

}  // namespace

std::function<int()> setup_bench(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("--seconds", o->seconds, "time for each row (default 0.5)");
  app.add_option("--shape", o->shape, "only this one: " + shape_names());
  auto* model = app.add_option("--model", o->model, "a model folder in place of the standard shapes");
  model->excludes("--shape");
  app.add_option("--work", o->works, "batch x tokens (default 1x8,1x32,1x128,8x128)")->delimiter(',');
  app.add_option("--ids", o->ids, "file of JSON id arrays, one a line: real lengths in place of --work");
  app.add_option("--batch", o->batches, "with --ids: texts in a batch (default 1,64)");
  app.add_option("--precision", o->precisions, "of fp32, bf16, int8 (default: all this machine has)")
      ->delimiter(',');
  app.add_flag("--machine", o->machine_only, "only the machine's peaks");
  o->add_threads(app);
  o->add_json(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
