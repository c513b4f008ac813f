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
};

}  // namespace frugal
