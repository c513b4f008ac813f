#include "frugal/io/torch_globals.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "frugal/base/checked.h"
#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"

namespace frugal {
namespace {

using Kind = PickleValue::Kind;

enum class Makes : uint8_t { dict, tensor, parameter, storage };

struct Global {
  std::string_view module, name;
  Makes makes;
  DType type = DType::f32;  // of a storage
};

constexpr Global kGlobals[] = {
    {"collections", "OrderedDict", Makes::dict},
    {"torch._utils", "_rebuild_tensor", Makes::tensor},
    {"torch._utils", "_rebuild_tensor_v2", Makes::tensor},
    {"torch._utils", "_rebuild_parameter", Makes::parameter},
    {"torch", "FloatStorage", Makes::storage, DType::f32},
    {"torch", "HalfStorage", Makes::storage, DType::f16},
    {"torch", "BFloat16Storage", Makes::storage, DType::bf16},
    {"torch", "DoubleStorage", Makes::storage, DType::f64},
    {"torch", "LongStorage", Makes::storage, DType::i64},
    {"torch", "IntStorage", Makes::storage, DType::i32},
    {"torch", "ShortStorage", Makes::storage, DType::i16},
    {"torch", "CharStorage", Makes::storage, DType::i8},
    {"torch", "ByteStorage", Makes::storage, DType::u8},
    {"torch", "BoolStorage", Makes::storage, DType::boolean},
};

const PickleValue& want(const PickleValue& value, Kind kind, std::string_view what) {
  if (value.kind != kind)
    throw PickleProblem{
        fmt::format("{} is {}, {} was expected", what, kind_name(value.kind), kind_name(kind))};
  return value;
}

int64_t want_size(const PickleValue& value, std::string_view what) {
  const int64_t size = want(value, Kind::integer, what).integer;
  if (size < 0) throw PickleProblem{fmt::format("{} is negative: {}", what, size)};
  return size;
}

Shape want_sizes(const PickleValue& value, const Pickle& pickle, std::string_view what) {
  const auto& items = pickle.items[static_cast<size_t>(want(value, Kind::tuple, what).integer)];
  if (items.size() > kMaxTensorRank)
    throw PickleProblem{
        fmt::format("{} has {} numbers, at most {} are allowed", what, items.size(), kMaxTensorRank)};
  Shape sizes;
  for (const PickleValue& item : items) sizes.push_back(want_size(item, what));
  return sizes;
}

// Hooks, a parameter's and a tensor's, are an empty OrderedDict; nothing that is in one could be read.
void want_no_items(const PickleValue& value, const Pickle& pickle, std::string_view what) {
  if (value.kind == Kind::none) return;
  if (!pickle.items[static_cast<size_t>(want(value, Kind::dict, what).integer)].empty())
    throw PickleProblem{fmt::format("{} is not empty", what)};
}

void want_count(std::span<const PickleValue> arguments, size_t least, size_t most, std::string_view name) {
  if (arguments.size() < least || arguments.size() > most)
    throw PickleProblem{fmt::format("{} is called with {} arguments", name, arguments.size())};
}

// OrderedDict() or, from Python 2, OrderedDict([[key, value], ...]).
PickleValue make_dict(std::span<const PickleValue> arguments, Pickle& pickle) {
  want_count(arguments, 0, 1, "OrderedDict");
  std::vector<PickleValue> items;
  if (!arguments.empty()) {
    const auto pairs = want(arguments[0], Kind::list, "OrderedDict's argument").integer;
    for (const PickleValue& pair : pickle.items[static_cast<size_t>(pairs)]) {
      if (pair.kind != Kind::list && pair.kind != Kind::tuple)
        throw PickleProblem{
            fmt::format("an item of OrderedDict is {}, a pair was expected", kind_name(pair.kind))};
      const auto& both = pickle.items[static_cast<size_t>(pair.integer)];
      if (both.size() != 2) throw PickleProblem{"an item of OrderedDict is no pair"};
      items.insert(items.end(), both.begin(), both.end());
    }
  }
  pickle.items.push_back(std::move(items));
  return {Kind::dict, static_cast<int64_t>(pickle.items.size() - 1), {}};
}

// (storage, offset, shape, strides[, requires_grad, hooks[, metadata]])
PickleValue make_tensor(std::span<const PickleValue> arguments, Pickle& pickle, std::string_view name) {
  want_count(arguments, 4, 7, name);
  StoredTensor tensor;
  tensor.memory =
      pickle.storages[static_cast<size_t>(want(arguments[0], Kind::storage, "a tensor's storage").integer)];
  tensor.offset = want_size(arguments[1], "a tensor's offset");
  tensor.shape = want_sizes(arguments[2], pickle, "a tensor's shape");
  tensor.strides = want_sizes(arguments[3], pickle, "a tensor's strides");
  if (tensor.shape.size() != tensor.strides.size())
    throw PickleProblem{
        fmt::format("a tensor has {} dimensions and {} strides", tensor.shape.size(), tensor.strides.size())};
  if (arguments.size() > 5) want_no_items(arguments[5], pickle, "a tensor's hooks");
  // Bits that say "negate" or "conjugate when read".
  if (arguments.size() > 6) want_no_items(arguments[6], pickle, "a tensor's metadata");
  pickle.tensors.push_back(std::move(tensor));
  return {Kind::tensor, static_cast<int64_t>(pickle.tensors.size() - 1), {}};
}

}  // namespace

int64_t torch_global(std::string_view module, std::string_view name) {
  const auto found = std::find_if(std::begin(kGlobals), std::end(kGlobals), [&](const Global& global) {
    return global.module == module && global.name == name;
  });
  if (found == std::end(kGlobals))
    throw PickleProblem{fmt::format("it asks for the global {}, which frugal does not read",
                                    in_quotes(fmt::format("{}.{}", module, name)))};
  return found - std::begin(kGlobals);
}

PickleValue call_torch_global(int64_t global, std::span<const PickleValue> arguments, Pickle& pickle) {
  const Global& called = kGlobals[global];
  switch (called.makes) {
    case Makes::dict:
      return make_dict(arguments, pickle);
    case Makes::tensor:
      return make_tensor(arguments, pickle, called.name);
    case Makes::parameter:
      want_count(arguments, 3, 3, called.name);
      want_no_items(arguments[2], pickle, "a parameter's hooks");
      return want(arguments[0], Kind::tensor, "a parameter's data");
    case Makes::storage:
      break;
  }
  throw PickleProblem{fmt::format("it calls {}, which names an element type", called.name)};
}

PickleValue torch_storage(std::span<const PickleValue> id, Pickle& pickle) {
  if (id.size() < 5 || id.size() > 6 || id[0].kind != Kind::text || id[0].text != "storage")
    throw PickleProblem{"a persistent id is not (\"storage\", type, key, device, elements)"};
  const Global& type = kGlobals[want(id[1], Kind::global, "a storage's type").integer];
  if (type.makes != Makes::storage) throw PickleProblem{fmt::format("{} is no type of storage", type.name)};
  if (id.size() == 6 && id[5].kind != Kind::none)
    throw PickleProblem{"a storage is a view of another, as torch before 0.4 saved them"};
  StoredMemory memory{type.type, want(id[2], Kind::text, "a storage's key").text,
                      want_size(id[4], "a storage's size")};
  if (!checked_mul(static_cast<uint64_t>(memory.elements), size_of(memory.type)))
    throw PickleProblem{fmt::format("the size of a storage of {} elements overflows", memory.elements)};
  pickle.storages.push_back(memory);
  return {Kind::storage, static_cast<int64_t>(pickle.storages.size() - 1), {}};
}

}  // namespace frugal
