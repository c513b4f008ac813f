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

using Pasts = std::vector<const CacheRows::Past*>;

Pasts chosen(const CacheRows& rows, std::span<const size_t> places) {
  Pasts pasts;
  for (size_t place : places) pasts.push_back(&rows.pasts()[place]);
  return pasts;
}

int64_t longest_of(const Pasts& pasts) {
  size_t longest = 0;
  for (const CacheRows::Past* past : pasts) longest = std::max(longest, past->size());
  return static_cast<int64_t>(longest);
}

// One row a sequence of the program; the round-up's are empty.
void write_table(Program& program, const std::string& name, const Pasts& pasts) {
  Tensor table = program.input(name);
  const std::span<int32_t> values = table.data<int32_t>();
  std::ranges::fill(values, -1);
  for (size_t s = 0; s < pasts.size(); ++s)
    std::ranges::copy(*pasts[s], values.begin() + static_cast<int64_t>(s) * table.dim(1));
}

template <class F>
void write_lengths(Program& program, const std::string& name, size_t count, F&& length) {
  Tensor lengths = program.input(name);
  std::ranges::fill(lengths.data<int32_t>(), 0);
  for (size_t s = 0; s < count; ++s) lengths.data<int32_t>()[s] = static_cast<int32_t>(length(s));
}

// One token a sequence needs no more rows than sequences: a lone row reads the weights at the memory's speed,
// while eight take up to twice as long.
void round_rows_as_sequences(PackedRows& side, int64_t& tokens, int64_t sequences) {
  tokens = sequences;
  for (auto* values : {&side.ids, &side.types, &side.positions, &side.columns}) values->resize(sequences, -1);
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

CachedSteps::CachedSteps(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context)
    : model_(std::move(model)),
      store_(std::move(store)),
      context_(std::move(context)),
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
    return compile_for_inference(graph, context_, store_, saved_precision(model_->info(), context_), arena_);
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

PackedBatch CachedSteps::pack(std::span<const StepRow> rows, std::span<const size_t> places) const {
  std::vector<Sequence> decoders, none(places.size());
  for (size_t place : places) {
    const auto ids = rows[place].ids;
    const size_t before = pasts_.pasts()[place].size() - ids.size();
    Sequence sequence = sequence_of({ids.begin(), ids.end()});
    for (size_t p = 0; p < ids.size(); ++p) sequence.positions.push_back(static_cast<int32_t>(before + p));
    decoders.push_back(std::move(sequence));
  }
  const bool single = std::ranges::all_of(places, [&](size_t place) { return rows[place].ids.size() == 1; });
  PackedBatch batch = pack_batch(encodes() ? none : decoders);
  BatchShape& shape = batch.shape;
  if (encodes()) pack_target(batch, decoders);
  // The caches' capacities bound the lengths.
  shape.longest = shape.target_longest = 1;
  if (!encodes()) shape.target_longest = 0;
  if (single && encodes()) round_rows_as_sequences(batch.target, shape.target_tokens, shape.sequences);
  if (single && !encodes()) round_rows_as_sequences(batch, shape.tokens, shape.sequences);
  return batch;
}

std::vector<std::span<float>> CachedSteps::run(std::span<const StepRow> rows,
                                               std::span<const size_t> places) {
  const Pasts pasts = chosen(pasts_, places);
  const Pasts sources = encodes() ? chosen(sources_, places) : Pasts();
  const PackedBatch batch = pack(rows, places);
  Program& run = program(batch.shape, Stage::step, capacity_bucket(longest_of(pasts)),
                         encodes() ? capacity_bucket(longest_of(sources)) : 1);
  write_batch(run, batch);
  write_table(run, "cache_rows", pasts);
  write_lengths(run, "cache_lengths", places.size(),
                [&](size_t s) { return pasts[s]->size() - rows[places[s]].ids.size(); });
  if (encodes()) {
    write_table(run, "source_rows", sources);
    write_lengths(run, "source_lengths", places.size(), [&](size_t s) { return sources[s]->size(); });
  }
  run.run();
  return next_logits(run, places.size());
}

// Prompts run apart from single tokens, whose programs are then the same at each step.
std::vector<std::span<float>> CachedSteps::step(std::span<const StepRow> rows) {
  if (encodes()) encode(rows);
  std::vector<CacheRows::Next> next;
  std::vector<size_t> prompts, tokens;
  for (size_t i = 0; i < rows.size(); ++i) {
    next.push_back({rows[i].parent, static_cast<int64_t>(rows[i].ids.size())});
    (rows[i].ids.size() > 1 ? prompts : tokens).push_back(i);
  }
  pasts_.advance(next);
  grow(kCache, rows_, pasts_.size());

  std::vector<std::span<float>> found(rows.size());
  const auto give = [&](const std::vector<size_t>& places) {
    const auto logits = run(rows, places);
    for (size_t i = 0; i < places.size(); ++i) found[places[i]] = logits[i];
  };
  if (!prompts.empty()) give(prompts);
  if (!prompts.empty() && !tokens.empty()) {  // the other run uses the same memory
    prompt_logits_.clear();
    for (size_t place : prompts) prompt_logits_.emplace_back(found[place].begin(), found[place].end());
    for (size_t i = 0; i < prompts.size(); ++i) found[prompts[i]] = prompt_logits_[i];
  }
  if (!tokens.empty()) give(tokens);
  return found;
}

}  // namespace frugal
