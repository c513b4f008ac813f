// The pickles of torch.save's state dicts, read by a machine that can make tensors and nothing else.
//
// A pickle is a program for a stack machine (https://docs.python.org/3/library/pickle.html, and the comments
// of Lib/pickletools.py); Python's own machine can be told to call any function. This one has the 38 opcodes
// that state dicts of protocols 2 to 5 consist of, and the globals of torch_globals.h. Any other is an Error
// that names it. Nothing is executed or imported, and nothing is read but the pickle: a tensor comes out as a
// description, whose bytes torch_tensor.h then finds.
//
// Objects refer to each other by number, never by pointer, and nobody walks them deeper than a state dict is:
// a list that holds itself or a million nested tuples cost what their bytes cost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/tensor/tensor.h"

namespace frugal {

struct PickleLimits {
  size_t bytes = size_t{16} << 20;  // a tensor takes about 150: a model of 10,000 tensors has 1.5 MB
  size_t values = 4'000'000;        // in all lists, tuples and dictionaries; a tensor takes about 25
  size_t tensors = 250'000;
  size_t memo = 2'000'000;
  size_t stack = 1'000'000;
  size_t marks = 64;  // nesting; a state dict has 3
  size_t text_bytes = 4096;
};

// What is on the stack. `text` views the pickle's bytes.
struct PickleValue {
  enum class Kind : uint8_t {
    none,
    boolean,  // integer 0 or 1
    integer,  // an integer of up to 64 bits
    big,      // a longer one: text is its bytes, little-endian
    real,     // a number with a fraction, which nothing here needs
    text,     // text
    global,   // integer: its number among the globals of torch_globals.h
    list,     // integer: the index of its items
    tuple,    // the same
    dict,     // the same; keys and values take turns. An OrderedDict is one too
    storage,  // integer: the index of the storage
    tensor    // integer: the index of the tensor
  };
  Kind kind = Kind::none;
  int64_t integer = 0;
  std::string_view text;
};

std::string_view kind_name(PickleValue::Kind kind);  // "a tuple"

// The memory of one or more tensors, wherever the file keeps it.
struct StoredMemory {
  DType type;
  std::string_view key;
  int64_t elements = 0;
};

// Some elements of a storage, in any order. Nothing of it is checked against the storage yet.
struct StoredTensor {
  StoredMemory memory;
  int64_t offset = 0;  // in elements
  Shape shape, strides;
};

struct Pickle {
  PickleValue top;
  std::vector<std::vector<PickleValue>> items;  // of lists, tuples and dicts
  std::vector<StoredMemory> storages;
  std::vector<StoredTensor> tensors;
  size_t bytes = 0;  // the pickle's own: what follows its STOP is none of it
};

// `where` names the pickle in errors, which add the byte at which the machine stopped.
Pickle parse_pickle(std::string_view bytes, const std::string& where, const PickleLimits& limits = {});

}  // namespace frugal
