#include "frugal/passes/compile.h"

#include "frugal/passes/fuse.h"
#include "frugal/passes/lone_queries.h"
#include "frugal/passes/lower.h"
#include "frugal/passes/narrow.h"
#include "frugal/passes/share.h"
#include "frugal/passes/sparse_rows.h"
#include "frugal/passes/strips.h"

namespace frugal {

std::unique_ptr<Program> compile_for_inference(const Graph& graph, const Context& context,
                                               const std::shared_ptr<Store>& store, Precision precision,
                                               std::shared_ptr<Arena> arena, bool folds) {
  std::shared_ptr<Graph> g = narrow_rows(graph);
  if (precision == Precision::f32) g = join_lone_queries(*g, store.get());
  g = fuse_epilogues(*g);
  g = lower_products(*use_quantized_weights(*g, *store, context.isa), context.isa, precision);
  if (folds) g = fold_constants(*g, context, *store);
  g = join_row_operations(*share_products(*g), context);
  return std::make_unique<Program>(g, context, store, std::move(arena));
}

std::unique_ptr<Program> compile_for_training(const Graph& graph, const Context& context,
                                              const std::shared_ptr<Store>& store, Precision precision,
                                              std::shared_ptr<Arena> arena) {
  const std::shared_ptr<Graph> g =
      lower_products(*fuse_epilogues(*update_touched_rows(graph)), context.isa, precision);
  return std::make_unique<Program>(g, context, store, std::move(arena));
}

Precision training_precision(const Context& context) {
  return has_fast_bf16(context.isa) ? Precision::bf16 : Precision::f32;
}

}  // namespace frugal
