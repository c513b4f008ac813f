// Pickle's opcodes by their published names (Lib/pickletools.py).
#pragma once

#include <cstdint>
#include <string>

namespace frugal {

enum class Opcode : uint8_t {
  append = 'a',
  appends = 'e',
  binfloat = 'G',
  binget = 'h',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  binpersid = 'Q',
  binput = 'q',
  binstring = 'T',
  binunicode = 'X',
  build = 'b',
  empty_dict = '}',
  empty_list = ']',
  empty_tuple = ')',
  global = 'c',
  long_binget = 'j',
  long_binput = 'r',
  mark = '(',
  none = 'N',
  reduce = 'R',
  setitem = 's',
  setitems = 'u',
  short_binstring = 'U',
  stop = '.',
  tuple = 't',
  proto = 0x80,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  newtrue = 0x88,
  newfalse = 0x89,
  long1 = 0x8a,
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
};

// "REDUCE"; for a byte that is none, "0x81".
std::string opcode_name(uint8_t opcode);

}  // namespace frugal
