#include "frugal/train/snapshot.h"

#include <algorithm>
#include <cstring>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr const char* kActive = "adam.active.";  // U8[rows] of a table that is updated row by row

Tensor active_rows(const Tensor& table, const Tensor& active) {
  const auto flags = active.data<uint8_t>();
  const int64_t count = std::count(flags.begin(), flags.end(), uint8_t{1});
  Tensor rows(table.type(), {count, table.dim(1)});
  const size_t bytes = static_cast<size_t>(table.dim(1)) * size_of(table.type());
  auto* to = static_cast<std::byte*>(rows.bytes());
  for (int64_t i = 0; i < table.dim(0); ++i)
    if (flags[i])
      std::memcpy(to, static_cast<const std::byte*>(table.bytes()) + i * bytes, bytes), to += bytes;
  return rows;
}

void restore_rows(const Tensor& rows, const Tensor& active, Tensor& table) {
  const auto flags = active.data<uint8_t>();
  const size_t bytes = static_cast<size_t>(table.dim(1)) * size_of(table.type());
  const auto* from = static_cast<const std::byte*>(rows.bytes());
  for (int64_t i = 0; i < table.dim(0); ++i)
    if (flags[i]) std::memcpy(static_cast<std::byte*>(table.bytes()) + i * bytes, from, bytes), from += bytes;
}

// The flags that belong to `name`: of a weight or of its moments.
std::string active_name(std::string name) {
  for (std::string_view prefix : {"adam.m.", "adam.v."})
    if (name.rfind(prefix, 0) == 0) name = name.substr(prefix.size());
  return kActive + name;
}

}  // namespace

Snapshot take_snapshot(const Model& model, const Store& store, bool optimizer) {
  Snapshot snapshot;
  const auto put = [&](const std::string& name) {
    const Tensor* tensor = store.find(name);
    if (!tensor) return;
    const Tensor* active = store.find(active_name(name));
    snapshot[name] = active ? active_rows(*tensor, *active) : *tensor;
  };
  for (const ParameterSpec& spec : model.parameters()) {
    put(spec.name);
    if (optimizer) put("adam.m." + spec.name), put("adam.v." + spec.name);
    if (const Tensor* active = store.find(kActive + spec.name)) snapshot[kActive + spec.name] = *active;
  }
  return snapshot;
}

Snapshot copy_snapshot(Snapshot snapshot) {
  for (auto& [name, tensor] : snapshot) tensor = tensor.clone();
  return snapshot;
}

void restore_snapshot(const Snapshot& snapshot, Store& store, const std::string& where) {
  for (const auto& [name, tensor] : snapshot) {
    const auto active = snapshot.find(active_name(name));
    if (active == snapshot.end()) {
      Tensor& target = store.get_or_create(name, {tensor.type(), tensor.shape()});
      std::memcpy(target.bytes(), tensor.bytes(), tensor.byte_count());
      continue;
    }
    const std::string weight = active->first.substr(std::strlen(kActive));
    const Tensor* table = store.find(weight);
    const auto flags = active->second.data<uint8_t>();
    if (!table || table->dim(0) != active->second.dim(0) || tensor.dim(1) != table->dim(1) ||
        tensor.dim(0) != std::count(flags.begin(), flags.end(), uint8_t{1}))
      throw Error(where, fmt::format("the rows of {} do not fit the model", name));
    restore_rows(tensor, active->second, store.get_or_create(name, {table->type(), table->shape()}));
  }
}

}  // namespace frugal
