#include "frugal/generate/cached_steps.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "frugal/generate/next_token_graph.h"
#include "frugal/models/inference.h"

namespace frugal {
namespace {

constexpr size_t kMostPrograms = 48;
constexpr const char* kCache = "cache.";
constexpr const char* kSourceCache = "source_cache.";

// Tables grow by doubling, so that few programs are compiled while texts grow.
int64_t capacity_bucket(int64_t longest) {
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(64, longest))));
}

int64_t longest_of(const CacheRows& rows) {
  size_t longest = 0;
  for (const CacheRows::Past& past : rows.pasts()) longest = std::max(longest, past.size());
  return static_cast<int64_t>(longest);
}

// One row a sequence of the program; the round-up's are empty.
void write_table(Program& program, const std::string& name, const std::vector<CacheRows::Past>& pasts) {
  Tensor table = program.input(name);
  const std::span<int32_t> values = table.data<int32_t>();
  std::ranges::fill(values, -1);
  for (size_t s = 0; s < pasts.size(); ++s)
    std::ranges::copy(pasts[s], values.begin() + static_cast<int64_t>(s) * table.dim(1));
}

template <class F>
void write_lengths(Program& program, const std::string& name, size_t count, F&& length) {
  Tensor lengths = program.input(name);
  std::ranges::fill(lengths.data<int32_t>(), 0);
  for (size_t s = 0; s < count; ++s) lengths.data<int32_t>()[s] = static_cast<int32_t>(length(s));
}

}  // namespace

CacheCost cache_cost(const Model& model) {
  Graph graph;
  NetOptions options;
  options.stage = Stage::step;
  options.cache = {1, 1, 1, 1};
  Net net(graph, kSmallestBatch, options);
  model.build(net);
  CacheCost cost;
  for (const Node& node : graph.nodes()) {
    if (node.kind != NodeKind::variable) continue;
    if (node.name.starts_with(kCache)) cost.token += static_cast<int64_t>(node.outputs[0].byte_count());
    if (node.name.starts_with(kSourceCache))
      cost.source_token += static_cast<int64_t>(node.outputs[0].byte_count());
  }
  return cost;
}

CachedSteps::CachedSteps(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context,
                         Precision precision)
    : model_(std::move(model)),
      store_(std::move(store)),
      context_(std::move(context)),
      precision_(precision),
      cost_(cache_cost(*model_)),
      programs_(kMostPrograms) {
  require_next_token_head(*model_);
  reserve(1, 1);
}

CachedSteps::~CachedSteps() {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : store_->tensors())
    if (name.starts_with(kCache) || name.starts_with(kSourceCache)) names.push_back(name);
  for (const std::string& name : names) store_->erase(name);
}

void CachedSteps::grow(const std::string& prefix, int64_t& size, int64_t needed) {
  if (needed <= size) return;
  size = capacity_bucket(needed);
  programs_.clear();  // they hold the caches that are replaced
  std::vector<std::string> names;
  for (const auto& [name, tensor] : store_->tensors())
    if (name.starts_with(prefix)) names.push_back(name);
  for (const std::string& name : names) {
    const Tensor old = *store_->find(name);
    Tensor larger(DType::f32, {size, old.dim(1)});
    std::memcpy(larger.bytes(), old.bytes(), old.byte_count());
    store_->set(name, std::move(larger));
  }
}

void CachedSteps::reserve(int64_t source_tokens, int64_t tokens) {
  grow(kCache, rows_, tokens);
  if (encodes()) grow(kSourceCache, source_rows_, source_tokens);
}

Program& CachedSteps::program(const BatchShape& shape, Stage stage, int64_t capacity,
                              int64_t source_capacity) {
  const CacheSizes cache{rows_, capacity, std::max<int64_t>(1, source_rows_), source_capacity};
  return programs_.get({shape, stage, cache}, [&] {
    Graph graph;
    NetOptions options;
    options.stage = stage;
    options.cache = cache;
    Net net(graph, shape, options);
    if (stage == Stage::step) {
      build_next_token(*model_, net);
    } else {
      model_->build(net);
      graph.keep_outputs({});  // the encoder's work is in the caches
    }
    return compile_for_inference(graph, context_, store_, precision_, arena_);
  });
}

void CachedSteps::encode(std::span<const StepRow> rows) {
  std::vector<CacheRows::Next> next;
  std::vector<Sequence> sources, none;
  for (const StepRow& row : rows) {
    const bool fresh = row.parent < 0;
    next.push_back({row.parent, fresh ? static_cast<int64_t>(row.prompt->source.size()) : 0});
    if (!fresh) continue;
    sources.push_back(sequence_of(row.prompt->source));
    none.emplace_back();
  }
  sources_.advance(next);
  grow(kSourceCache, source_rows_, sources_.size());
  if (sources.empty()) return;
  PackedBatch batch = pack_batch(sources);
  pack_target(batch, none);
  Program& run = program(batch.shape, Stage::encode, 1, 1);
  write_batch(run, batch);
  Tensor places = run.input("source_cache_rows");
  std::ranges::fill(places.data<int32_t>(), -1);
  auto place = places.data<int32_t>().begin();
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i].parent < 0) place = std::ranges::copy(sources_.pasts()[i], place).out;
  run.run();
}

PackedBatch CachedSteps::pack(std::span<const StepRow> rows) const {
  std::vector<Sequence> decoders, none(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t length = rows[i].ids.size(), before = pasts_.pasts()[i].size() - length;
    Sequence sequence = sequence_of({rows[i].ids.begin(), rows[i].ids.end()});
    for (size_t p = 0; p < length; ++p) sequence.positions.push_back(static_cast<int32_t>(before + p));
    decoders.push_back(std::move(sequence));
  }
  if (!encodes()) return pack_batch(decoders);
  PackedBatch batch = pack_batch(none);
  pack_target(batch, decoders);
  return batch;
}

std::vector<std::span<float>> CachedSteps::step(std::span<const StepRow> rows) {
  if (encodes()) encode(rows);
  std::vector<CacheRows::Next> next;
  for (const StepRow& row : rows) next.push_back({row.parent, static_cast<int64_t>(row.ids.size())});
  pasts_.advance(next);
  grow(kCache, rows_, pasts_.size());

  const PackedBatch batch = pack(rows);
  Program& run = program(batch.shape, Stage::step, capacity_bucket(longest_of(pasts_)),
                         encodes() ? capacity_bucket(longest_of(sources_)) : 1);
  write_batch(run, batch);
  write_table(run, "cache_rows", pasts_.pasts());
  write_lengths(run, "cache_lengths", rows.size(),
                [&](size_t s) { return pasts_.pasts()[s].size() - rows[s].ids.size(); });
  if (encodes()) {
    write_table(run, "source_rows", sources_.pasts());
    write_lengths(run, "source_lengths", rows.size(), [&](size_t s) { return sources_.pasts()[s].size(); });
  }
  run.run();
  return next_logits(run, rows.size());
}

}  // namespace frugal
