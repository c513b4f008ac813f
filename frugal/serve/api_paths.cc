#include <array>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/serve/api.h"

namespace frugal {
namespace {

struct Route {
  std::string_view path;
  Path id;
  std::string_view allow;
};

constexpr std::array<Route, 3> kRoutes{{{"/classify", Path::classify, "POST"},
                                        {"/embed", Path::embed, "POST"},
                                        {"/health", Path::health, "GET, HEAD"}}};

// "http://host/path?query" and "/path?query" -> "/path".
std::string_view path_of(std::string_view target) {
  if (const size_t scheme = target.find("://"); scheme != target.npos && target.find('/') > scheme) {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == target.npos ? std::string_view("/") : target.substr(slash);
  }
  return target.substr(0, target.find_first_of("?#"));
}

}  // namespace

Path find_path(std::string_view method, std::string_view target, const EngineInfo& info) {
  const std::string_view path = path_of(target);
  std::string paths;
  for (const Route& route : kRoutes) {
    if (route.id == Path::classify && !info.classifier) {
      if (path == route.path)
        throw HttpError(error_reply(404, fmt::format("{} is no text classifier", info.architecture),
                                    "POST /embed gives its sentence vectors"));
      continue;
    }
    const bool get = route.id == Path::health;
    paths += fmt::format("{}{} {}", paths.empty() ? "" : ", ", get ? "GET" : "POST", route.path);
    if (path != route.path) continue;
    if (get ? method == "GET" || method == "HEAD" : method == "POST") return route.id;
    HttpReply reply = error_reply(405, fmt::format("{} takes {}", path, route.allow));
    reply.allow = route.allow;
    throw HttpError(reply);
  }
  throw HttpError(error_reply(404, fmt::format("there is no {}", in_quotes(path)), "there are " + paths));
}

}  // namespace frugal
