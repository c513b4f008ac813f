#include "frugal/data/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

std::optional<int64_t> integer_of(const std::string& text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// Finite decimal numbers that a float holds; not "nan", "inf" or "0x1p3".
std::optional<double> real_of(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max()))) return std::nullopt;
  return value;
}

bool has_fraction(const std::string& text) { return text.find_first_of(".eE") != std::string::npos; }

bool looks_real(const std::vector<std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(),
                     [](const auto& text) { return real_of(text).has_value(); }) &&
         std::any_of(labels.begin(), labels.end(), has_fraction);
}

constexpr const char* kColumnHint = "is it the label column? Name it: --label-column NAME";

void check_reals(const Examples& examples, const std::string& where) {
  bool vary = false;
  for (size_t i = 0; i < examples.label.size(); ++i) {
    const auto value = real_of(examples.label[i]);
    if (!value)
      throw Error(
          line_place(where, examples.line[i]),
          fmt::format("the label {} is no number, as regression needs", in_quotes(examples.label[i])));
    vary |= *value != *real_of(examples.label[0]);
  }
  if (!vary)
    throw Error(where,
                fmt::format("all labels are {}: there is nothing to learn", in_quotes(examples.label[0])),
                kColumnHint);
}

}  // namespace

bool label_order(const std::string& a, const std::string& b) {
  const auto x = integer_of(a), y = integer_of(b);
  if (x && y && *x != *y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

std::optional<int32_t> LabelSet::find(const std::string& name) const {
  const auto found = std::lower_bound(names.begin(), names.end(), name, label_order);
  if (found == names.end() || *found != name) return std::nullopt;
  return static_cast<int32_t>(found - names.begin());
}

LabelSet labels_of(const Examples& examples, const std::string& where, std::optional<TaskKind> kind) {
  if (examples.label.empty()) throw Error(where, "holds no labels", "name their column: --label-column NAME");
  LabelSet labels;
  labels.regression = kind ? *kind == TaskKind::regression : looks_real(examples.label);
  if (labels.regression) {
    check_reals(examples, where);
    return labels;
  }
  const std::set<std::string> distinct(examples.label.begin(), examples.label.end());
  if (distinct.size() < 2)
    throw Error(where,
                fmt::format("all labels are {}: one class only, there is nothing to learn",
                            in_quotes(examples.label[0])),
                kColumnHint);
  if (distinct.size() >= examples.label.size())
    throw Error(where,
                fmt::format("has {} rows and as many classes: too few rows to learn them", distinct.size()),
                kColumnHint);
  labels.names.assign(distinct.begin(), distinct.end());
  std::sort(labels.names.begin(), labels.names.end(), label_order);
  return labels;
}

Targets encode_labels(const Examples& examples, const LabelSet& labels, const std::string& where) {
  if (examples.label.size() != examples.text.size())
    throw Error(where, "holds no labels", "name their column: --label-column NAME");
  Targets targets;
  std::unordered_map<std::string, int32_t> indices;
  for (const std::string& name : labels.names) indices.emplace(name, static_cast<int32_t>(indices.size()));
  for (size_t i = 0; i < examples.label.size(); ++i) {
    const std::string& label = examples.label[i];
    if (labels.regression) {
      const auto value = real_of(label);
      if (!value)
        throw Error(line_place(where, examples.line[i]),
                    fmt::format("the label {} is no number, as regression needs", in_quotes(label)));
      targets.reals.push_back(static_cast<float>(*value));
    } else if (const auto found = indices.find(label); found != indices.end()) {
      targets.classes.push_back(found->second);
    } else {
      const auto nearest = nearest_name(label, labels.names);
      throw Error(
          line_place(where, examples.line[i]),
          fmt::format("the label {} is none of the {} known", in_quotes(label), labels.names.size()),
          nearest ? fmt::format("the nearest known one is {}", in_quotes(*nearest))
                  : fmt::format("one of them is {}", in_quotes(labels.names.empty() ? "" : labels.names[0])));
    }
  }
  return targets;
}

}  // namespace frugal
