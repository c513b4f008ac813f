#include "frugal/runtime/row_strips.h"

#include <algorithm>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"
#include "frugal/passes/rewrite.h"
#include "frugal/runtime/memory_plan.h"

namespace frugal {
namespace {

// All weights pass by once for each strip, so it must not be very small; what lies between the operations (a
// row of MiniLM's feed-forward is 6 KiB) should fit into a second-level cache of 1 MiB.
constexpr int64_t kMostRows = 128;
// Few rows gain most, as the threads meet less often and none of them reads what the other has just written:
// with two threads MiniLM in int8 takes 0.87 ms for 32 tokens in strips, 0.96 ms with each product cut by
// columns. More threads would each have all weights pass by, where a cut by columns divides them, so they
// want more rows; how many was not measured.
int64_t least_rows(int threads) { return std::clamp<int64_t>(4 * threads, 8, 32); }
constexpr int64_t kRowUnit = 4;  // of most tiles

// The same operations for another number of rows.
std::shared_ptr<const Graph> with_rows(const Graph& body, const std::vector<bool>& sliced, int64_t rows) {
  Rewriter rewriter(body);
  return rewriter.run(
      [&](const Node& node, int, const std::vector<Value>&) -> std::optional<std::vector<Value>> {
        if (node.kind != NodeKind::input) return std::nullopt;
        TensorType type = node.outputs[0];
        if (sliced[std::stoul(node.name)]) type.shape[0] = rows;
        return {{rewriter.to().input(node.name, type)}};
      });
}

// The body compiled for strips of one number of rows.
class Strip {
 public:
  Strip(std::shared_ptr<const Graph> body, const std::vector<bool>& sliced, const Context& context)
      : body_(std::move(body)), plan_(plan_memory(*body_, Ends::caller)) {
    std::map<Value, size_t> results;
    for (const auto& [name, value] : body_->outputs()) results[value] = std::stoul(name);
    const auto place_of = [&](const Value& value) -> Place {
      if (!value) return {};
      const Node& node = body_->node(value.node);
      const TensorType& type = value.type();
      if (node.kind == NodeKind::input) {
        const size_t index = std::stoul(node.name);
        return {Place::input, index, sliced[index] ? row_bytes(type) : 0};
      }
      const auto result = results.find(value);
      if (result != results.end()) return {Place::output, result->second, row_bytes(type)};
      return {Place::scratch, plan_.offsets.at(value), 0};
    };
    for (const int i : plan_.order) {
      const Node& node = body_->node(i);
      Step step{node.op->kernel(context, types_of(node.inputs), node.outputs), {}, {}};
      for (const Value& input : node.inputs) step.in.push_back(place_of(input));
      for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o)
        step.out.push_back(place_of(Value{const_cast<Graph*>(body_.get()), i, o}));
      kernel_scratch_ = std::max(kernel_scratch_, step.kernel.scratch_bytes);
      steps_.push_back(std::move(step));
    }
    args_.resize(context.team->threads());
    for (std::vector<KernelArgs>& args : args_)
      for (const Step& step : steps_)
        args.push_back({std::vector<const void*>(step.in.size()), std::vector<void*>(step.out.size())});
  }

  size_t scratch_bytes() const { return plan_.arena_bytes + kernel_scratch_; }

  // The strip from `row` on.
  void run(const KernelArgs& whole, int64_t row, Worker& worker) {
    std::byte* scratch = worker.scratch().data();
    Worker alone = worker.alone(plan_.arena_bytes);
    std::vector<KernelArgs>& all = args_[worker.thread()];
    const auto address = [&](const Place& place) -> std::byte* {
      switch (place.kind) {
        case Place::none:
          return nullptr;
        case Place::input:
          return static_cast<std::byte*>(const_cast<void*>(whole.in[place.at])) + row * place.row_bytes;
        case Place::output:
          return static_cast<std::byte*>(whole.out[place.at]) + row * place.row_bytes;
        case Place::scratch:
          break;
      }
      return scratch + place.at;
    };
    for (size_t s = 0; s < steps_.size(); ++s) {
      const Step& step = steps_[s];
      KernelArgs& args = all[s];
      for (size_t i = 0; i < step.in.size(); ++i) args.in[i] = address(step.in[i]);
      for (size_t o = 0; o < step.out.size(); ++o) args.out[o] = address(step.out[o]);
      step.kernel.run(args, alone);
    }
  }

 private:
  // Where an operand lies: in an input or output of the whole step, or in this thread's scratch.
  struct Place {
    enum Kind : uint8_t { none, input, output, scratch } kind = none;
    size_t at = 0;          // which input or output, or the bytes before it in scratch
    int64_t row_bytes = 0;  // of an operand that is cut by rows
  };
  struct Step {
    Kernel kernel;
    std::vector<Place> in, out;
  };
  static int64_t row_bytes(const TensorType& type) {
    return static_cast<int64_t>(type.byte_count()) / std::max<int64_t>(1, type.shape[0]);
  }

  std::shared_ptr<const Graph> body_;
  MemoryPlan plan_;
  std::vector<Step> steps_;
  std::vector<std::vector<KernelArgs>> args_;  // of each thread, written anew for each strip
  size_t kernel_scratch_ = 0;
};

}  // namespace

int64_t RowStrips::strip_rows(int64_t rows, int threads) {
  const int64_t strip = ceil_div(rows, round_up(ceil_div(rows, kMostRows), threads));
  return strip < least_rows(threads) ? strip : round_up(strip, kRowUnit);
}

bool RowStrips::takes_products(int64_t rows, int threads) {
  return strip_rows(rows, threads) >= least_rows(threads);
}

std::string RowStrips::attributes() const {
  const auto steps = std::count_if(body_->nodes().begin(), body_->nodes().end(),
                                   [](const Node& node) { return node.op != nullptr; });
  return fmt::format("{} steps", steps);
}

std::vector<TensorType> RowStrips::infer(std::span<const TensorType> in) const {
  require(in.size() == sliced_.size(), "needs the inputs of its body");
  for (size_t i = 0; i < in.size(); ++i)
    require(body_->find_input(std::to_string(i)).value().type() == in[i], "an input is not the body's");
  std::vector<TensorType> out;
  for (size_t o = 0; o < body_->outputs().size(); ++o)
    out.push_back(body_->outputs().at(std::to_string(o)).type());
  return out;
}

// What lies between the operations never reaches memory. Of what is not cut by rows, an operation may read a
// part only (rows of a table).
Work RowStrips::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work;
  for (const TensorType& type : out) work.bytes += static_cast<double>(type.byte_count());
  for (size_t i = 0; i < in.size(); ++i)
    if (sliced_[i]) work.bytes += static_cast<double>(in[i].byte_count());
  for (const Node& node : body_->nodes()) {
    if (!node.op) continue;
    const Work one = node.op->work(types_of(node.inputs), node.outputs);
    double whole = 0;
    for (const Value& input : node.inputs)
      if (input && body_->node(input.node).kind == NodeKind::input &&
          !sliced_[std::stoul(body_->node(input.node).name)])
        whole += static_cast<double>(input.type().byte_count());
    work.flops += one.flops;
    work.bytes += std::min(whole, one.bytes);
  }
  return work;
}

Kernel RowStrips::kernel(const Context& context, std::span<const TensorType>,
                         std::span<const TensorType>) const {
  const int64_t each = strip_rows(rows_, context.team->threads()), rest = rows_ % each;
  const auto compiled = [&](int64_t rows) {
    return std::make_shared<Strip>(with_rows(*body_, sliced_, rows), sliced_, context);
  };
  const std::shared_ptr<Strip> full = compiled(each), last = rest > 0 ? compiled(rest) : full;
  const auto run = [full, last, each, rows = rows_](const KernelArgs& args, Worker& worker) {
    worker.for_each(ceil_div(rows, each), [&](int64_t strip) {
      const int64_t row = strip * each;
      (rows - row < each ? last : full)->run(args, row, worker);
    });
  };
  return {run, std::max(full->scratch_bytes(), last->scratch_bytes())};
}

}  // namespace frugal
