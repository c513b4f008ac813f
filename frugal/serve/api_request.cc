#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/serve/api.h"

namespace frugal {
namespace {

[[noreturn]] void refuse(const std::string& message, const std::string& hint = {}) {
  throw HttpError(error_reply(422, message, hint));
}

std::string name_of(std::string_view key, size_t i, bool single) {
  return single ? fmt::format("\"{}\"", key) : fmt::format("\"{}\"[{}]", key, i);
}

Text read_text(Json& json, const std::string& name, Task task) {
  if (json.is_string()) return {std::move(json.get_ref<std::string&>()), {}, false};
  const bool pair = json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string();
  if (!pair)
    refuse(name + (task == Task::classify ? " is neither a string nor a pair of two" : " is no string"));
  if (task == Task::embed) refuse(name + " is a pair", "a vector is of one text");
  return {std::move(json[0].get_ref<std::string&>()), std::move(json[1].get_ref<std::string&>()), true};
}

Json parse(std::string_view body) {
  if (body.empty())
    throw HttpError(error_reply(400, "the body is empty", R"(send JSON: {"texts": ["..."]})"));
  try {
    return parse_json(body, "body", {.bytes = body.size(), .depth = 8});
  } catch (const Error& error) {
    throw HttpError(error_reply(400, error.what()));
  }
}

void check_keys(const Json& json, Task task) {
  if (!json.is_object()) refuse("the body is no object", R"(send {"texts": ["..."]})");
  for (const auto& [key, value] : json.items()) {
    if (key == "text" || key == "texts" || (key == "top" && task == Task::classify)) continue;
    refuse("unknown key " + in_quotes(key), task == Task::classify ? R"(there are "texts", "text" and "top")"
                                                                   : R"(there are "texts" and "text")");
  }
  if (json.contains("text") == json.contains("texts")) refuse(R"(give either "texts", an array, or "text")");
}

}  // namespace

ApiRequest read_request(Task task, std::string_view body, size_t most_texts) {
  Json json = parse(body);
  check_keys(json, task);
  ApiRequest request{task, {}, json.contains("text"), 1};
  if (json.contains("top")) {
    const Json& top = json["top"];
    // A label count no model has: more is as good as all of them.
    constexpr int64_t kMost = 1 << 20;
    if (!top.is_number_integer() || (!top.is_number_unsigned() && top.get<int64_t>() < 1) || top == 0)
      refuse(R"("top" is no integer of at least 1)");
    request.top = static_cast<int>(std::min<uint64_t>(top.get<uint64_t>(), kMost));
  }
  if (request.single) {
    request.texts.push_back(read_text(json["text"], name_of("text", 0, true), task));
    return request;
  }
  Json& texts = json["texts"];
  if (!texts.is_array()) refuse(R"("texts" is no array)", R"(one text: {"text": "..."})");
  if (texts.empty()) refuse(R"("texts" is empty)");
  if (texts.size() > most_texts)
    refuse(fmt::format("{} texts in one request; the limit is {}", texts.size(), most_texts),
           "send several requests, or start the server with a higher --max-texts");
  for (size_t i = 0; i < texts.size(); ++i)
    request.texts.push_back(read_text(texts[i], name_of("texts", i, false), task));
  return request;
}

}  // namespace frugal
