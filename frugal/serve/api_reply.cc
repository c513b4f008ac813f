#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/serve/api.h"

namespace frugal {
namespace {

// The shortest text that reads back as the same float; a float passed through a double gets 17 digits, twice
// as many bytes.
void put_number(std::string& out, float value) {
  if (std::isfinite(value))
    fmt::format_to(std::back_inserter(out), "{}", value);
  else
    out += "null";
}

void put_prediction(std::string& out, const std::vector<float>& scores, const EngineInfo& info, int top) {
  if (info.regression) {
    out += R"({"score": )";
    put_number(out, scores.at(0));
    out += '}';
    return;
  }
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const size_t count = std::min<size_t>(order.size(), static_cast<size_t>(top));
  const auto higher = [&](int a, int b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; };
  std::partial_sort(order.begin(), order.begin() + count, order.end(), higher);
  out += '[';
  for (size_t i = 0; i < count; ++i) {
    out += fmt::format(R"({}{{"label": {}, "score": )", i == 0 ? "" : ", ",
                       to_text(Json(info.labels.at(order[i])), -1));
    put_number(out, scores[order[i]]);
    out += '}';
  }
  out += ']';
}

void put_vector(std::string& out, const std::vector<float>& vector) {
  out += '[';
  for (size_t i = 0; i < vector.size(); ++i) {
    if (i > 0) out += ", ";
    put_number(out, vector[i]);
  }
  out += ']';
}

}  // namespace

HttpReply error_reply(int status, const std::string& message, const std::string& hint) {
  Json json{{"error", message}};
  if (!hint.empty()) json["hint"] = hint;
  return {status, to_text(json, -1) + "\n", {}, 0};
}

std::string answer_text(const ApiRequest& request, const EngineInfo& info,
                        const std::vector<std::vector<float>>& rows) {
  const char* const name = request.task == Task::classify ? "prediction" : "embedding";
  std::string out = request.single ? fmt::format("{{\"{}\": ", name) : fmt::format("{{\"{}s\": [", name);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) out += ", ";
    if (request.task == Task::classify)
      put_prediction(out, rows[i], info, request.top);
    else
      put_vector(out, rows[i]);
  }
  return out + (request.single ? "}\n" : "]}\n");
}

HttpReply job_reply(const ApiRequest& request, const EngineInfo& info, const Job& job) {
  if (job.outcome == Outcome::answered) return {200, answer_text(request, info, job.rows), {}, 0};
  if (job.outcome == Outcome::failed) return error_reply(500, job.error);
  HttpReply reply = error_reply(503, "the server could not take up the request in time");
  reply.retry_after = 1;
  return reply;
}

std::string health_text(const EngineInfo& info, size_t waiting_texts) {
  Json json{{"status", "ok"},
            {"model", info.model},
            {"architecture", info.architecture},
            {"task", info.regression   ? "regression"
                     : info.classifier ? "classification"
                                       : "embedding"},
            {"dimensions", info.dimensions},
            {"max_length", info.max_length},
            {"waiting_texts", waiting_texts}};
  if (info.classifier && !info.regression) json["labels"] = info.labels;
  return to_text(json, -1) + "\n";
}

}  // namespace frugal
