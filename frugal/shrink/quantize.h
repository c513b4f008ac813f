// Weights as 7-bit integers with one scale a row: w = scale * q, q in [-63, 63], scale = max |w| / 63.
//
// Seven bits, because two products of 8-bit activations and 8-bit weights overflow the 16-bit sums of CPUs
// without VNNI; with seven none can, and every machine computes the same integers. The rule is recorded in
// config.json under `quantization_config`. Activations are quantized row by row as they are multiplied
// (ops/gemm).
#pragma once

#include <memory>

#include "frugal/models/model.h"
#include "frugal/runtime/store.h"
#include "frugal/shrink/student.h"

namespace frugal {

// The model's matrices that only products and look-ups of rows read (embedding tables, experts) as I8 `name`
// and F32 `name_scale`; vectors, and what must stay exact or is read otherwise, stay F32.
Student quantize(const Model& model, const Store& store);
// Whether a model's configuration says that quantize() made it.
bool is_quantized(const Model& model);

}  // namespace frugal
