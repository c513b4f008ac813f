// The registry's samples of the kinds of attention (registry.h).
#pragma once

#include "frugal/ops/registry.h"

namespace frugal {

void sample_attention(Sampler& s);
void sample_cached_attention(Sampler& s);
void sample_local_attention(Sampler& s);
void sample_lsh_attention(Sampler& s);
void sample_read_cache_attention(Sampler& s);
void sample_relative_attention(Sampler& s);
void sample_xl_attention(Sampler& s);

}  // namespace frugal
