#include "frugal/ops/activation.h"

#include <array>
#include <utility>

#include "frugal/base/error.h"

namespace frugal {
namespace {

using Named = std::pair<std::string_view, Activation>;
// The names that published configurations use; "linear" and "identity" mean that nothing is applied.
constexpr std::array kNames{
    Named{"relu", Activation::relu},           Named{"gelu", Activation::gelu},
    Named{"gelu_python", Activation::gelu},    Named{"gelu_new", Activation::gelu_tanh},
    Named{"gelu_fast", Activation::gelu_tanh}, Named{"gelu_pytorch_tanh", Activation::gelu_tanh},
    Named{"gelu_tanh", Activation::gelu_tanh}, Named{"tanh", Activation::tanh},
    Named{"sigmoid", Activation::sigmoid},     Named{"silu", Activation::silu},
    Named{"swish", Activation::silu},          Named{"none", Activation::none},
    Named{"linear", Activation::none},         Named{"identity", Activation::none},
};

}  // namespace

std::string_view name_of(Activation activation) {
  switch (activation) {
    case Activation::none:
      return "none";
    case Activation::relu:
      return "relu";
    case Activation::gelu:
      return "gelu";
    case Activation::gelu_tanh:
      return "gelu_tanh";
    case Activation::tanh:
      return "tanh";
    case Activation::sigmoid:
      return "sigmoid";
    case Activation::silu:
      return "silu";
  }
  return "none";
}

Activation activation_from_config(std::string_view name) {
  std::string known;
  for (const auto& [text, activation] : kNames) {
    if (text == name) return activation;
    known += known.empty() ? "" : ", ";
    known += text;
  }
  throw Error("", fmt::format("unknown activation '{}'", name), "known are " + known);
}

}  // namespace frugal
