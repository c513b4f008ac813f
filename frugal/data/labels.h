// What the labels of a task are: classes or real numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frugal/data/table_examples.h"

namespace frugal {

enum class TaskKind { classification, regression };

struct LabelSet {
  bool regression = false;
  std::vector<std::string> names;  // of the classes, in the order of their indices; empty for regression

  std::optional<int32_t> find(const std::string& name) const;  // the names must be in label_order
};

// Integers by value and before words, words by their bytes.
bool label_order(const std::string& a, const std::string& b);

// Classes unless every label is a number and one has a decimal point or an exponent; `kind` decides otherwise
// (--task). Errors: no labels, fewer than two classes or values, as many classes as rows, labels that are no
// numbers where regression is asked for.
LabelSet labels_of(const Examples& examples, const std::string& where, std::optional<TaskKind> kind = {});

// One of the two is filled, one entry a row.
struct Targets {
  std::vector<int32_t> classes;
  std::vector<float> reals;
  int64_t size() const { return static_cast<int64_t>(classes.size() + reals.size()); }
};

// A label that is not in the set is an Error at "where:line" that names the nearest one. The names may be in
// any order (a model's id2label).
Targets encode_labels(const Examples& examples, const LabelSet& labels, const std::string& where);

// The name with the fewest insertions, deletions, replacements and swaps of neighbours, if these are at most
// a third of its length (at least one); bytes, upper and lower case alike. For labels and mistyped options.
std::optional<std::string> nearest_name(const std::string& name, const std::vector<std::string>& names);

}  // namespace frugal
