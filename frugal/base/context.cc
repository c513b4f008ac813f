#include "frugal/base/context.h"

namespace frugal {

Context Context::make(int threads, Isa isa) {
  use_isa(isa);
  return {std::make_shared<Team>(threads > 0 ? threads : available_cores()), isa};
}

}  // namespace frugal
