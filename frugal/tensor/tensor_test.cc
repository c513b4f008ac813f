#include "frugal/tensor/tensor.h"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(Tensor, WidensEveryFloatType) {
  const std::vector<float> values{0.0f, -1.5f, 65504.0f, 0x1p-14f,
                                  -0x1p-20f};  // exact in each, bar bf16's 65504
  for (const DType type : {DType::f16, DType::bf16, DType::f64, DType::f32}) {
    const Tensor stored = Tensor::of<float>({5}, values).to(type);
    EXPECT_EQ(stored.type(), type);
    const Tensor back = stored.to(DType::f32);
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(back.data<float>()[i], type == DType::bf16 && i == 2 ? 65536.0f : values[i]) << name_of(type);
  }
}

}  // namespace
}  // namespace frugal
