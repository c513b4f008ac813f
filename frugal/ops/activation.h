// The pointwise activations of this model family, as attributes of an operation or of a product's epilogue.
#pragma once

#include <cstdint>
#include <string_view>

namespace frugal {

// gelu: x Phi(x) with the error function (Hendrycks & Gimpel 2016); gelu_tanh: its tanh approximation
// ("gelu_new", "gelu_pytorch_tanh"); silu: x sigmoid(x).
enum class Activation : uint8_t { none, relu, gelu, gelu_tanh, tanh, sigmoid, silu };

std::string_view name_of(Activation activation);
// By the names config.json uses: "gelu", "gelu_new", "relu", ...; throws Error naming the known ones.
Activation activation_from_config(std::string_view name);

}  // namespace frugal
