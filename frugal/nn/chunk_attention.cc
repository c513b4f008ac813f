#include "frugal/nn/chunk_attention.h"

#include <algorithm>
#include <cmath>

#include "frugal/base/random.h"
#include "frugal/ops/local_attention.h"
#include "frugal/ops/lsh_attention.h"
#include "frugal/ops/random_normal.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/rms_norm.h"

namespace frugal {
namespace {

void complete(ChunkOptions& options, const Net& net, const Scope& at, Value q, double dropout) {
  options.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(q.dim(1) / options.heads)));
  options.dropout = net.options.training ? static_cast<float>(dropout) : 0;
  options.site = hash_of(at.path() + "#attention");
}

Value divided_by_rms(Value x, int64_t heads) {
  const int64_t size = x.dim(1) / heads;
  Tensor ones(DType::f32, {size});
  std::ranges::fill(ones.data<float>(), 1.0f);
  const Value rows = reshape(x, {x.dim(0) * heads, size});
  return reshape(rms_norm(rows, x.graph->constant(std::move(ones)), 1e-6f), x.shape());
}

Value rotations_for(Net& net, const Scope& at, const LshSettings& settings, Shape shape) {
  if (net.shape.rotations > 0) {
    shape.back() = net.shape.rotations;
    return net.graph.input("lsh_rotations." + std::to_string(settings.index), f32(shape));
  }
  const uint64_t site = hash_of(at.path() + "#rotations");
  if (net.options.training && !settings.seed) return random_normal(net.random(), shape, site);
  return random_normal(net.graph, shape, site, settings.seed.value_or(0));
}

}  // namespace

Value attend_local(Net& net, const Scope& at, Value q, Value k, Value v, ChunkOptions window,
                   double dropout) {
  net.graph.set_scope(at.path());
  complete(window, net, at, q, dropout);
  return local_attention(q, k, v, net.source.columns(), net.offsets(), net.source.extents(), window,
                         window.dropout > 0 ? net.random() : Value{});
}

Value attend_lsh(Net& net, const Scope& at, Value qk, Value v, ChunkOptions window,
                 const LshSettings& settings, double dropout) {
  net.graph.set_scope(at.path());
  complete(window, net, at, qk, dropout);
  const HashOptions hash{window, settings.factors, settings.positions};
  const Value rotations = rotations_for(
      net, at, settings, {window.heads, qk.dim(1) / window.heads, settings.rounds, rotation_columns(hash)});
  const Value order = lsh_hash(qk, rotations, net.offsets(), net.source.extents(), hash);
  return lsh_attention(qk, divided_by_rms(qk, window.heads), v, order, net.offsets(), net.source.extents(),
                       window, window.dropout > 0 ? net.random() : Value{});
}

}  // namespace frugal
