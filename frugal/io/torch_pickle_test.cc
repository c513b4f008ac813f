// Forms of pickles that tests/cases/torch has none of; what must be refused is in tests/hostile/torch_pickle.
#include "frugal/io/torch_pickle.h"

#include <gtest/gtest.h>

#include "frugal/io/testing.h"
#include "frugal/io/torch_opcodes.h"

namespace frugal {
namespace {

using Kind = PickleValue::Kind;
using namespace std::string_literals;

PickleValue top_of(const std::string& bytes) { return parse_pickle(bytes, "p").top; }

TEST(TorchPickle, ReadsNumbers) {
  EXPECT_EQ(top_of("K\xff."s).integer, 255);
  EXPECT_EQ(top_of("M\x01\x02."s).integer, 0x201);
  EXPECT_EQ(top_of("J\xff\xff\xff\xff."s).integer, -1);
  EXPECT_EQ(top_of("\x8a\x00."s).integer, 0);
  EXPECT_EQ(top_of("\x8a\x01\x80."s).integer, -128);
  EXPECT_EQ(top_of("\x8a\x02\x80\x00."s).integer, 128);
  EXPECT_EQ(top_of("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80."s).integer,
            std::numeric_limits<int64_t>::min());
  EXPECT_EQ(top_of("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."s).kind, Kind::big);
  EXPECT_EQ(top_of("G\x3f\xf0\x00\x00\x00\x00\x00\x00."s).kind, Kind::real);
  EXPECT_EQ(top_of("N."s).kind, Kind::none);
  EXPECT_EQ(top_of("\x88."s).integer, 1);
}

TEST(TorchPickle, ReadsTextOfEveryProtocol) {
  for (const std::string& bytes :
       {"U\x03"s + "abc.", "T\x03\x00\x00\x00"s + "abc.", "X\x03\x00\x00\x00"s + "abc.", "\x8c\x03"s + "abc.",
        "\x8d\x03\x00\x00\x00\x00\x00\x00\x00"s + "abc."}) {
    const Pickle pickle = parse_pickle(bytes, "p");
    EXPECT_EQ(pickle.top.kind, Kind::text);
    EXPECT_EQ(pickle.top.text, "abc");
    EXPECT_EQ(pickle.bytes, bytes.size());
  }
}

TEST(TorchPickle, StopsAtStop) { EXPECT_EQ(parse_pickle("K\x01.K\x02."s, "p").bytes, 3u); }

TEST(TorchPickle, ReadsTheOrderedDictOfPython2) {
  // OrderedDict([["a", 1], ["b", 2]]), whose items are made before the call.
  const std::string bytes =
      "\x80\x02"
      "ccollections\nOrderedDict\n](](U\x01"
      "aK\x01"
      "e](U\x01"
      "bK\x02"
      "ee\x85R."s;
  const Pickle pickle = parse_pickle(bytes, "p");
  ASSERT_EQ(pickle.top.kind, Kind::dict);
  const auto& items = pickle.items[static_cast<size_t>(pickle.top.integer)];
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[2].text, "b");
  EXPECT_EQ(items[3].integer, 2);
}

TEST(TorchPickle, HasLimits) {
  PickleLimits limits;
  limits.bytes = 3;
  EXPECT_ERROR(parse_pickle("NNNN.", "p", limits), "has more than 3 bytes");
  limits = {};
  limits.stack = 3;
  EXPECT_ERROR(parse_pickle("NNNN.", "p", limits), "its stack holds more than 3 values");
  limits = {};
  limits.values = 10;
  EXPECT_ERROR(parse_pickle("](NNNNNNNNNNNe.", "p", limits), "hold more than 10 values");
  EXPECT_ERROR(parse_pickle("}}}}}}}}}}}}.", "p", limits), "hold more than 10 values");
  // Every call of OrderedDict copies the pairs: 4 values for 5 bytes.
  const std::string call = "ccollections\nOrderedDict\nh\x00R"s;
  const std::string pairs = "](](NNe](NNee\x85q\x00"s;
  EXPECT_ERROR(parse_pickle(pairs + call + call + call + call + ".", "p", limits),
               "hold more than 10 values");
  limits = {};
  limits.memo = 1;
  EXPECT_ERROR(parse_pickle("Nq\x00q\x01."s, "p", limits), "the memo's index 1 is too high");
  limits = {};
  limits.text_bytes = 2;
  EXPECT_ERROR(parse_pickle("U\x03"s + "abc.", "p", limits), "a text has 3 bytes, the limit is 2");
}

TEST(TorchPickle, NamesEveryOpcodeThatItRefuses) {
  for (int opcode = 0; opcode < 256; ++opcode) {
    const std::string bytes(1, static_cast<char>(opcode));
    const std::string text = test::error_of([&] { parse_pickle(bytes, "p"); });
    EXPECT_PRED_FORMAT2(::testing::IsSubstring, "p: cannot read the pickle at byte ", text);
    const std::string name = text.find("not allowed") == std::string::npos
                                 ? ""
                                 : "the opcode " + opcode_name(static_cast<uint8_t>(opcode)) + " is";
    EXPECT_PRED_FORMAT2(::testing::IsSubstring, name, text);
  }
  EXPECT_EQ(opcode_name('i'), "INST");
  EXPECT_EQ(opcode_name(0x92), "NEWOBJ_EX");
  EXPECT_EQ(opcode_name(0x07), "0x07");
}

}  // namespace
}  // namespace frugal
