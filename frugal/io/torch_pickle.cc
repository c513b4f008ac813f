#include "frugal/io/torch_pickle.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <span>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/io/torch_globals.h"
#include "frugal/io/torch_opcodes.h"

namespace frugal {
namespace {

using Kind = PickleValue::Kind;

constexpr char kOnlyTensors[] =
    "only a plain state dict is read: if you trust this file, load it with torch and save its state dict as "
    "safetensors";

class Machine {
 public:
  Machine(std::string_view bytes, const std::string& where, const PickleLimits& limits)
      : bytes_(bytes.substr(0, limits.bytes)), where_(where), limits_(limits) {
    out_.items.emplace_back();  // the empty tuple, which all share
  }

  Pickle run() {
    try {
      for (;;) {
        opcode_at_ = at_;
        const auto opcode = static_cast<Opcode>(take(1)[0]);
        if (opcode == Opcode::stop) break;
        step(opcode);
        check_limits();
      }
      if (!marks_.empty()) problem("it stops within a MARK");
      if (stack_.size() != 1) problem("it stops with {} values on the stack", stack_.size());
    } catch (const PickleProblem& found) {
      throw Error(where_, fmt::format("cannot read the pickle at byte {}: {}", opcode_at_, found.text),
                  kOnlyTensors);
    }
    out_.top = stack_.back();
    out_.bytes = at_;
    return std::move(out_);
  }

 private:
  template <class... Args>
  [[noreturn]] static void problem(fmt::format_string<Args...> text, Args&&... args) {
    throw PickleProblem{fmt::format(text, std::forward<Args>(args)...)};
  }

  void check_limits() {
    for (; counted_ < out_.items.size(); ++counted_) values_ += 1 + out_.items[counted_].size();
    if (values_ > limits_.values) problem("its objects hold more than {} values", limits_.values);
    if (stack_.size() > limits_.stack) problem("its stack holds more than {} values", limits_.stack);
    if (out_.tensors.size() > limits_.tensors || out_.storages.size() > limits_.tensors)
      problem("it makes more than {} tensors", limits_.tensors);
  }

  void step(Opcode opcode) {
    switch (opcode) {
      case Opcode::proto:
        if (const auto version = integer<uint8_t>(); version > 5)
          problem("its protocol is {}, 5 is the newest that is read", version);
        return;
      case Opcode::frame:  // tells how much may be read at once: nothing that is already in memory needs it
        if (integer<uint64_t>() > bytes_.size() - at_) problem("a frame reaches beyond its end");
        return;
      case Opcode::mark:
        if (marks_.size() == limits_.marks) problem("it is nested deeper than {}", limits_.marks);
        marks_.push_back(stack_.size());
        return;

      case Opcode::none:
        return push(Kind::none);
      case Opcode::newtrue:
        return push(Kind::boolean, 1);
      case Opcode::newfalse:
        return push(Kind::boolean, 0);
      case Opcode::binint:
        return push(Kind::integer, integer<int32_t>());
      case Opcode::binint1:
        return push(Kind::integer, integer<uint8_t>());
      case Opcode::binint2:
        return push(Kind::integer, integer<uint16_t>());
      case Opcode::long1:
        return push_long(take(integer<uint8_t>()));
      case Opcode::binfloat:
        take(8);
        return push(Kind::real);

      case Opcode::short_binstring:
      case Opcode::short_binunicode:
        return push_text(integer<uint8_t>());
      case Opcode::binstring:
      case Opcode::binunicode:
        return push_text(integer<uint32_t>());
      case Opcode::binunicode8:
        return push_text(integer<uint64_t>());

      case Opcode::empty_tuple:
        return push(Kind::tuple, 0);
      case Opcode::tuple1:
        return push_container(Kind::tuple, pop(1));
      case Opcode::tuple2:
        return push_container(Kind::tuple, pop(2));
      case Opcode::tuple3:
        return push_container(Kind::tuple, pop(3));
      case Opcode::tuple:
        return push_container(Kind::tuple, pop_to_mark());
      case Opcode::empty_list:
        return push_container(Kind::list, {});
      case Opcode::append:
        return append(pop(1));
      case Opcode::appends:
        return append(pop_to_mark());
      case Opcode::empty_dict:
        return push_container(Kind::dict, {});
      case Opcode::setitem:
        return set(pop(2));
      case Opcode::setitems:
        return set(pop_to_mark());

      case Opcode::global: {
        const std::string_view module = line();  // before the name: order counts
        return push(Kind::global, torch_global(module, line()));
      }
      case Opcode::stack_global: {
        const auto names = pop(2);
        if (names[0].kind != Kind::text || names[1].kind != Kind::text) problem("a global's name is no text");
        return push(Kind::global, torch_global(names[0].text, names[1].text));
      }
      case Opcode::reduce:
        return call(pop(2));
      case Opcode::build:
        return build(pop(1)[0]);
      case Opcode::binpersid: {
        const PickleValue id = pop(1)[0];
        if (id.kind != Kind::tuple) problem("a persistent id is {}, not a tuple", kind_name(id.kind));
        return push_value(torch_storage(items_of(id), out_));
      }

      case Opcode::binput:
        return remember(integer<uint8_t>());
      case Opcode::long_binput:
        return remember(integer<uint32_t>());
      case Opcode::memoize:
        return remember(memo_.size());
      case Opcode::binget:
        return recall(integer<uint8_t>());
      case Opcode::long_binget:
        return recall(integer<uint32_t>());
      case Opcode::stop:
        break;
    }
    problem("the opcode {} is not allowed", opcode_name(static_cast<uint8_t>(opcode)));
  }

  // Reading.

  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) {
      if (bytes_.size() == limits_.bytes)
        problem("it has more than {} bytes, which is the limit", limits_.bytes);
      problem("it is cut off");
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  template <class T>
  T integer() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view line() {
    const size_t end = bytes_.substr(at_, limits_.text_bytes).find('\n');
    if (end == std::string_view::npos) problem("a global's name has no end");
    const std::string_view text = take(end);
    take(1);
    return text;
  }

  // The stack.

  void push_value(const PickleValue& value) { stack_.push_back(value); }
  void push(Kind kind, int64_t integer = 0, std::string_view text = {}) {
    stack_.push_back({kind, integer, text});
  }
  void push_text(uint64_t size) {
    if (size > limits_.text_bytes) problem("a text has {} bytes, the limit is {}", size, limits_.text_bytes);
    push(Kind::text, 0, take(size));
  }
  void push_long(std::string_view bytes) {
    if (bytes.size() > 8) return push(Kind::big, 0, bytes);
    const bool negative = !bytes.empty() && static_cast<unsigned char>(bytes.back()) >= 0x80;
    int64_t value = negative ? -1 : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    push(Kind::integer, value);
  }
  void push_container(Kind kind, std::vector<PickleValue> items) {
    out_.items.push_back(std::move(items));
    push(kind, static_cast<int64_t>(out_.items.size() - 1));
  }

  // The last `count` values, none of them below the last mark.
  std::vector<PickleValue> pop(size_t count) {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - floor < count) problem("its stack has run empty");
    std::vector<PickleValue> values(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return values;
  }
  std::vector<PickleValue> pop_to_mark() {
    if (marks_.empty()) problem("there is no MARK to go back to");
    std::vector<PickleValue> values = pop(stack_.size() - marks_.back());
    marks_.pop_back();
    return values;
  }
  const PickleValue& top() const {
    if (stack_.size() == (marks_.empty() ? 0 : marks_.back())) problem("its stack has run empty");
    return stack_.back();
  }

  // Objects.

  std::vector<PickleValue>& items_of(const PickleValue& value) {
    return out_.items[static_cast<size_t>(value.integer)];
  }
  void append(const std::vector<PickleValue>& values) {
    if (top().kind != Kind::list) problem("it appends to {}", kind_name(top().kind));
    auto& items = items_of(top());
    items.insert(items.end(), values.begin(), values.end());
    values_ += values.size();
  }
  void set(const std::vector<PickleValue>& pairs) {
    if (top().kind != Kind::dict) problem("it sets an item of {}", kind_name(top().kind));
    if (pairs.size() % 2 != 0) problem("a key has no value");
    for (size_t i = 0; i < pairs.size(); i += 2)
      if (pairs[i].kind != Kind::text && pairs[i].kind != Kind::integer)
        problem("a key is {}", kind_name(pairs[i].kind));
    auto& items = items_of(top());
    items.insert(items.end(), pairs.begin(), pairs.end());
    values_ += pairs.size();
  }
  void call(const std::vector<PickleValue>& both) {
    if (both[0].kind != Kind::global) problem("it calls {}", kind_name(both[0].kind));
    if (both[1].kind != Kind::tuple) problem("it calls with {}, not a tuple", kind_name(both[1].kind));
    const std::vector<PickleValue> arguments = items_of(both[1]);  // the call may add to out_.items
    push_value(call_torch_global(both[0].integer, arguments, out_));
  }
  // A state dict carries the versions of its modules as an attribute, which nothing here needs.
  void build(const PickleValue& state) {
    if (top().kind != Kind::dict || state.kind != Kind::dict)
      problem("it sets the state of {} to {}", kind_name(top().kind), kind_name(state.kind));
  }

  // The memo. Its numbers are given in order and each took at least one byte: a higher one than bytes were
  // read would only make the memo grow.
  void remember(uint64_t index) {
    if (index > opcode_at_ || index >= limits_.memo) problem("the memo's index {} is too high", index);
    if (index >= memo_.size()) memo_.resize(index + 1);
    memo_[index] = top();
  }
  void recall(uint64_t index) {
    if (index >= memo_.size() || !memo_[index]) problem("the memo holds nothing at {}", index);
    push_value(*memo_[index]);
  }

  std::string_view bytes_;
  const std::string& where_;
  const PickleLimits& limits_;
  size_t at_ = 0, opcode_at_ = 0;
  size_t values_ = 0, counted_ = 0;  // counted_: of out_.items, those that are in values_
  std::vector<PickleValue> stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::vector<std::optional<PickleValue>> memo_;
  Pickle out_;
};

}  // namespace

std::string_view kind_name(PickleValue::Kind kind) {
  switch (kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return "a truth value";
    case Kind::integer:
      return "an integer";
    case Kind::big:
      return "an integer of more than 64 bits";
    case Kind::real:
      return "a number with a fraction";
    case Kind::text:
      return "text";
    case Kind::global:
      return "a global";
    case Kind::list:
      return "a list";
    case Kind::tuple:
      return "a tuple";
    case Kind::dict:
      return "a dictionary";
    case Kind::storage:
      return "a storage";
    case Kind::tensor:
      return "a tensor";
  }
  return "";
}

Pickle parse_pickle(std::string_view bytes, const std::string& where, const PickleLimits& limits) {
  return Machine(bytes, where, limits).run();
}

}  // namespace frugal
