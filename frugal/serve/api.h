// What the server answers to which request, without sockets: paths, the JSON of requests and of answers.
//
//   POST /classify  {"texts": ["...", ["first", "second"], ...], "top": 3}
//                   -> {"predictions": [[{"label": "...", "score": 0.98}, ...], ...]}
//   POST /embed     {"texts": ["...", ...]}  -> {"embeddings": [[0.1, ...], ...]}
//   GET  /health    -> {"status": "ok", "model": ..., "labels": [...], ...}
//
// {"text": "..."} (a pair: {"text": ["a", "b"]}) asks for one and is answered by "prediction" or "embedding".
// A regression model's prediction is {"score": 1.5}. Every error is {"error": "...", "hint": "..."}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "frugal/serve/engine.h"
#include "frugal/serve/job.h"

namespace frugal {

struct HttpReply {
  int status = 200;
  std::string body;     // JSON and a final newline
  std::string allow;    // methods, with 405
  int retry_after = 0;  // seconds; 0: no such header
};

// An answer other than 200. `hint` may be empty.
HttpReply error_reply(int status, const std::string& message, const std::string& hint = {});

// A request that cannot be carried out; what() is the message that the client gets.
class HttpError : public std::exception {
 public:
  explicit HttpError(HttpReply reply) : reply_(std::move(reply)) {}
  const char* what() const noexcept override { return reply_.body.c_str(); }
  const HttpReply& reply() const { return reply_; }

 private:
  HttpReply reply_;
};

enum class Path { classify, embed, health };

// Throws HttpError 404 (with the paths there are) and 405. `target` is as the client sent it: a query is
// ignored.
Path find_path(std::string_view method, std::string_view target, const EngineInfo& info);

struct ApiRequest {
  Task task = Task::classify;
  std::vector<Text> texts;
  bool single = false;  // asked with "text"
  int top = 1;          // labels of a prediction
};

// Throws HttpError: 400 for what is no JSON, with line and column; 422 for JSON that says the wrong thing.
ApiRequest read_request(Task task, std::string_view body, size_t most_texts);

// The body of a 200: `rows` as the engine gave them, one for each text asked.
std::string answer_text(const ApiRequest& request, const EngineInfo& info,
                        const std::vector<std::vector<float>>& rows);

// The answer for a job that has left the queue.
HttpReply job_reply(const ApiRequest& request, const EngineInfo& info, const Job& job);

std::string health_text(const EngineInfo& info, size_t waiting_texts);

}  // namespace frugal
