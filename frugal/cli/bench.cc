#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/cli/command.h"
#include "frugal/eval/shapes.h"
#include "frugal/io/json.h"
#include "frugal/ops/gemm/peak.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  double seconds = 0.5;
  std::string shape;
  bool machine_only = false;
};

constexpr std::pair<int64_t, int64_t> kWork[] = {{1, 8}, {1, 32}, {1, 128}, {8, 128}};

double peak_of(const MachinePeak& peak, const std::string& precision) {
  return precision == "int8" ? peak.s8_ops : precision == "bf16" ? peak.bf16_flops : peak.f32_flops;
}

std::string isa_list() {
  std::string text;
  for (Isa isa : supported_isas()) text += (text.empty() ? "" : ", ") + std::string(name_of(isa));
  return text;
}

int run(const Options& o) {
  if (!(o.seconds > 0 && o.seconds <= 60)) throw UsageError("--seconds is not in (0, 60]");
  const std::string isas = isa_list();
  const Context context = o.context();
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
      fmt::print("\n{:<12} {:>8} {:>6} {:>10} {:>8} {:>14} {:>10}\n", "shape", "work", "type", "ms", "spread",
                 "rate", "of peak");
  }
  for (const BenchShape& shape : bench_shapes()) {
    if (o.machine_only || (!o.shape.empty() && o.shape != shape.name)) continue;
    for (const auto& [batch, tokens] : kWork) {
      for (const Precision precision : {Precision::f32, Precision::bf16, Precision::s8}) {
        if (precision == Precision::bf16 && !has_bf16(context.isa)) continue;
        const BenchRow row = bench_shape(shape, batch, tokens, precision, context, o.seconds);
        const double share = row.operations_per_second / peak_of(peak, row.precision);
        json["rows"].push_back({{"shape", row.shape},
                                {"batch", batch},
                                {"tokens", tokens},
                                {"precision", row.precision},
                                {"milliseconds", row.milliseconds},
                                {"spread", row.spread},
                                {"flops", row.flops},
                                {"operations_per_second", row.operations_per_second},
                                {"share_of_peak", share},
                                {"runs", row.runs}});
        if (!o.json)
          fmt::print("{:<12} {:>8} {:>6} {:>10.3f} {:>8} {:>14} {:>10}\n", row.shape,
                     fmt::format("{}x{}", batch, tokens), row.precision, row.milliseconds,
                     format_percent(row.spread, 0), format_si(row.operations_per_second, "OP") + "/s",
                     format_percent(share));
        std::fflush(stdout);
      }
    }
  }
  if (o.json) fmt::print("{}\n", to_text(json));
  return 0;
}

}  // namespace

std::function<int()> setup_bench(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("--seconds", o->seconds, "time for each row (default 0.5)");
  app.add_option("--shape", o->shape, "only this one: TinyBERT4, MiniLM-L6, DistilBERT, BERT-base");
  app.add_flag("--machine", o->machine_only, "only the machine's peaks");
  o->add_threads(app);
  o->add_json(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli
