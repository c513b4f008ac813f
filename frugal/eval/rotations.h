// The rotations of Reformer's hashing layers as a caller gives them: inputs "lsh_rotations.<k>" for the k-th
// such layer, [heads, head size, hashes, buckets / 2] (of several factors: half their sum).
#pragma once

#include "frugal/io/safetensors.h"
#include "frugal/runtime/program.h"

namespace frugal {

// The last dimension of the rotations among the inputs, 0 when there are none. Throws Error for one that is
// no F32, F64 or half-precision tensor of rank 4, or when they differ.
int64_t rotation_columns(const TensorMap& inputs);
// Writes what the program wants; one that is missing, or of another shape, is an Error.
void write_rotations(const TensorMap& inputs, Program& program);

}  // namespace frugal
