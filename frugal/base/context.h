// What a computation runs on: threads and instruction set. Passed explicitly; there are no globals but the
// instruction set that Highway's dispatch keeps for the process.
#pragma once

#include <memory>

#include "frugal/base/isa.h"
#include "frugal/base/team.h"

namespace frugal {

struct Context {
  // threads == 0: all cores this process may use.
  static Context make(int threads = 0, Isa isa = isa_from_environment());

  std::shared_ptr<Team> team;
  Isa isa = Isa::generic;
};

}  // namespace frugal
