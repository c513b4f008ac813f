// What stands around the texts: [CLS] first [SEP] second [SEP], as a list.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace frugal {

struct TemplateItem {
  enum Kind : uint8_t { first, second, special } kind;
  int32_t id;    // of a special token
  int32_t type;  // segment number
};

struct Template {
  std::vector<TemplateItem> single{{TemplateItem::first, 0, 0}};
  std::vector<TemplateItem> pair{{TemplateItem::first, 0, 0}, {TemplateItem::second, 0, 1}};

  // [CLS] A [SEP] and [CLS] A [SEP] B [SEP]; the second text is segment 1.
  static Template bert(int32_t cls, int32_t sep) {
    const TemplateItem begin{TemplateItem::special, cls, 0}, end{TemplateItem::special, sep, 0};
    const TemplateItem a{TemplateItem::first, 0, 0}, b{TemplateItem::second, 0, 1};
    return {{begin, a, end}, {begin, a, end, b, {TemplateItem::special, sep, 1}}};
  }
  // <s> A </s> and <s> A </s> </s> B </s>, one segment.
  static Template roberta(int32_t cls, int32_t sep) {
    const TemplateItem begin{TemplateItem::special, cls, 0}, end{TemplateItem::special, sep, 0};
    const TemplateItem a{TemplateItem::first, 0, 0}, b{TemplateItem::second, 0, 0};
    return {{begin, a, end}, {begin, a, end, end, b, end}};
  }
  // A <sep> <cls> and A <sep> B <sep> <cls>; the second text is segment 1, <cls> segment 2.
  static Template xlnet(int32_t sep, int32_t cls) {
    const TemplateItem a{TemplateItem::first, 0, 0}, b{TemplateItem::second, 0, 1};
    const TemplateItem end{TemplateItem::special, sep, 0}, second_end{TemplateItem::special, sep, 1};
    const TemplateItem last{TemplateItem::special, cls, 2};
    return {{a, end, last}, {a, end, b, second_end, last}};
  }
  // Each text between these two; -1: none. T5: A </s> and A </s> B </s>. Llama: <s> A and <s> A <s> B.
  static Template ends(int32_t begin, int32_t end, int32_t second_type) {
    Template out{{}, {}};
    const auto add = [&](std::vector<TemplateItem>& items, TemplateItem::Kind kind, int32_t type) {
      if (begin >= 0) items.push_back({TemplateItem::special, begin, type});
      items.push_back({kind, 0, type});
      if (end >= 0) items.push_back({TemplateItem::special, end, type});
    };
    add(out.single, TemplateItem::first, 0);
    add(out.pair, TemplateItem::first, 0);
    add(out.pair, TemplateItem::second, second_type);
    return out;
  }
};

}  // namespace frugal
