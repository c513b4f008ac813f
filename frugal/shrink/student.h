// A student of fewer layers, started from some of its teacher's (as DistilBERT does, arXiv 1910.01108).
#pragma once

#include <memory>
#include <vector>

#include "frugal/models/model.h"
#include "frugal/runtime/store.h"

namespace frugal {

struct Student {
  std::shared_ptr<const Model> model;
  std::shared_ptr<Store> store;  // own, writable copies
};

// `count` of `layers` layers as far apart as they can be: 3 of 6 are 0, 2, 5; 2 are 0, 5; 1 is 0.
std::vector<int64_t> spread_layers(int64_t layers, int64_t count);

// Copies the teacher's embeddings, head and these of its layers.
Student make_student(const Model& teacher, const Store& weights, const std::vector<int64_t>& layers);

}  // namespace frugal
