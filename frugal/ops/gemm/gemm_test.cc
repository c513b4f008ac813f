// Products against a slow twin in double, on every instruction set and precision; and the promises about
// bits.
#include "frugal/ops/gemm/gemm.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>

namespace frugal {
namespace {

struct AlignedBytes {
  explicit AlignedBytes(size_t bytes)
      : memory(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64))) {
    std::memset(memory, 0xa5, (bytes + 127) / 64 * 64);
  }
  AlignedBytes(const AlignedBytes&) = delete;
  ~AlignedBytes() { std::free(memory); }
  std::byte* memory;
};

struct Case {
  int64_t m, n, k;
  bool transposed_a = false, weight = true;  // weight: B is stored [N,K]
  bool bias = false, residual = false;
  Activation activation = Activation::none;
  int threads = 2;
};

// Operands of a case; s8 weights are stored with a scale a column.
struct Operands {
  explicit Operands(const Case& c, uint32_t seed = 1) : at(c) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    const auto fill = [&](std::vector<float>& v, size_t size) {
      v.resize(size);
      for (float& x : v) x = normal(random);
    };
    fill(a_memory, c.m * c.k + 1);
    fill(b, c.k * c.n);
    fill(bias, c.n);
    fill(residual, c.m * (c.n + 3));
    w.resize(c.n * c.k);
    scales.resize(c.n);
    for (size_t i = 0; i < w.size(); ++i)
      w[i] = static_cast<int8_t>(static_cast<int>(random() % 128) - 64) / narrowing(i % c.k);
    for (float& x : scales) x = 0.001f * static_cast<float>(1 + random() % 100);
  }
  // Weights of 7, 6 and 5 bits in turn: AVX2 sums 1, 2 or 4 groups of such stretches of k in 16 bits.
  static int narrowing(int64_t k) { return 1 << k / 16 % 3; }
  // Off by one float: never aligned.
  MatrixView a() const {
    const float* data = a_memory.data() + 1;
    return at.transposed_a ? MatrixView{data, 1, at.m} : MatrixView{data, at.k, 1};
  }
  MatrixView b_view() const {
    return at.weight ? MatrixView{b.data(), 1, at.k} : MatrixView{b.data(), at.n, 1};
  }

  Case at;
  std::vector<float> a_memory, b, bias, residual, scales;
  std::vector<int8_t> w;
};

// C with a row stride of n + 3; the gaps must stay untouched.
std::vector<float> product(const Operands& x, Precision precision, Isa isa, int64_t row0 = 0,
                           int64_t rows = -1) {
  const Case& c = x.at;
  if (rows < 0) rows = c.m;
  Team team(c.threads);
  const int64_t ldc = c.n + 3;
  AlignedBytes packed(packed_bytes(precision, isa, c.k, c.n));
  team.reserve_scratch(gemm_scratch_bytes(precision, isa, rows, c.n, c.k));
  std::vector<float> out(rows * ldc, -77.0f);
  MatrixView a = x.a();
  a.data += row0 * a.row_stride;
  const Epilogue epilogue{c.bias ? x.bias.data() : nullptr, c.activation,
                          c.residual ? x.residual.data() + row0 * ldc : nullptr};
  team.run([&](Worker& worker) {
    if (precision == Precision::s8)
      pack_b_s8(isa, {x.w.data(), 1, c.k}, x.scales.data(), c.k, c.n, packed.memory, worker);
    else
      pack_b(precision, isa, x.b_view(), c.k, c.n, packed.memory, worker);
    gemm(precision, isa, a, packed.memory, rows, c.n, c.k, out.data(), ldc, epilogue, worker);
  });
  return out;
}

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::tanh:
      return std::tanh(x);
    default:
      return x;
  }
}

double to_bf16(double x) {
  uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(x));
  bits += 0x7fff + ((bits >> 16) & 1);
  return std::bit_cast<float>(bits & 0xffff0000u);
}

// The row as the 8-bit product sees it: scale * (q - zero).
std::vector<double> quantized(const MatrixView& a, int64_t i, int64_t k) {
  float low = 0, high = 0;
  const auto x = [&](int64_t j) { return a.data[i * a.row_stride + j * a.col_stride]; };
  for (int64_t j = 0; j < k; ++j) low = std::min(low, x(j)), high = std::max(high, x(j));
  const float inverse = high > low ? 255.0f / (high - low) : 0;
  const double zero = std::nearbyint(-low * inverse), scale = (high - low) * (1.0f / 255);
  std::vector<double> row(k);
  for (int64_t j = 0; j < k; ++j)
    row[j] = scale * (std::clamp(std::nearbyint(x(j) * inverse) + zero, 0.0, 255.0) - zero);
  return row;
}

void expect_close(const Operands& x, Precision precision, Isa isa) {
  const Case& c = x.at;
  const std::vector<float> got = product(x, precision, isa);
  const MatrixView a = x.a(), b = x.b_view();
  double worst = 0;
  int64_t at_i = 0, at_j = 0;
  for (int64_t i = 0; i < c.m; ++i) {
    const std::vector<double> q = precision == Precision::s8 ? quantized(a, i, c.k) : std::vector<double>{};
    for (int64_t j = 0; j < c.n; ++j) {
      double sum = 0, size = 1e-3;  // size bounds how large the terms of the sum were
      for (int64_t k = 0; k < c.k; ++k) {
        double left = a.data[i * a.row_stride + k * a.col_stride];
        double right = b.data[k * b.row_stride + j * b.col_stride];
        if (precision == Precision::bf16) left = to_bf16(left), right = to_bf16(right);
        if (precision == Precision::s8) left = q[k], right = double{x.scales[j]} * x.w[j * c.k + k];
        sum += left * right;
        size += std::abs(left * right);
      }
      double want = activate(c.activation, sum + (c.bias ? x.bias[j] : 0));
      if (c.residual) want += x.residual[i * (c.n + 3) + j];
      const double error = std::abs(got[i * (c.n + 3) + j] - want) / (size + std::abs(want));
      if (!(error <= worst)) worst = error, at_i = i, at_j = j;
    }
    for (int64_t j = c.n; j < c.n + 3; ++j) ASSERT_EQ(got[i * (c.n + 3) + j], -77.0f);
  }
  // After integers gelu is coarse (math-inl.h).
  const bool coarse = precision == Precision::s8 && c.activation == Activation::gelu;
  EXPECT_LE(worst, coarse ? 1e-5 : 1e-6) << name_of(precision) << " on " << name_of(isa) << ", " << c.m
                                         << " x " << c.k << " x " << c.n << " at " << at_i << ", " << at_j;
}

bool same_bits(const float* x, const float* y, int64_t count) { return std::memcmp(x, y, count * 4) == 0; }

class Gemm : public testing::TestWithParam<std::tuple<Isa, Precision>> {
 protected:
  void SetUp() override {
    std::tie(isa, precision) = GetParam();
    if (isa > machine_isa()) GTEST_SKIP() << "this machine has no " << name_of(isa);
    if (precision == Precision::bf16 && !has_bf16(isa)) GTEST_SKIP() << "no bf16 here";
    use_isa(isa);
  }
  void TearDown() override { use_isa(machine_isa()); }
  Isa isa;
  Precision precision;
};

TEST_P(Gemm, SmallShapesOfAllRemainders) {
  std::mt19937 random(7);
  for (int i = 0; i < 150; ++i) {
    const auto pick = [&] { return static_cast<int64_t>(1 + random() % 70); };
    Case c{pick(), pick(), pick()};
    c.transposed_a = i % 3 == 1;
    c.weight = i % 2;
    expect_close(Operands(c, i), precision, isa);
  }
}

TEST_P(Gemm, LargerShapes) {
  for (const Case& c : {Case{130, 200, 300}, Case{1, 777, 1537}, Case{100, 129, 4200}, Case{260, 600, 64},
                        Case{40, 1030, 5000, true}, Case{3, 4500, 70, false, false}, Case{2100, 40, 33}})
    expect_close(Operands(c), precision, isa);
}

TEST_P(Gemm, Epilogue) {
  for (Activation activation : {Activation::none, Activation::relu, Activation::gelu, Activation::tanh})
    for (int parts = 0; parts < 4; ++parts)
      for (const Case& shape : {Case{5, 37, 40}, Case{50, 70, 90}}) {
        Case c = shape;
        c.bias = parts & 1;
        c.residual = parts & 2;
        c.activation = activation;
        expect_close(Operands(c), precision, isa);
      }
}

TEST_P(Gemm, NothingToAdd) {
  Case c{3, 5, 0};
  c.bias = true;
  expect_close(Operands(c), precision, isa);
  EXPECT_TRUE(product(Operands({0, 5, 7}), precision, isa).empty());
  product(Operands({4, 0, 7}), precision, isa);
}

TEST_P(Gemm, ARowHasTheSameBitsInAnyCompany) {
  for (const Case& shape : {Case{150, 100, 700}, Case{37, 65, 2500}, Case{20, 64, 100, true}}) {
    Case c = shape;
    c.bias = true;
    c.activation = Activation::gelu;
    const Operands x(c);
    const std::vector<float> all = product(x, precision, isa);
    for (int64_t row0 : {int64_t{0}, int64_t{7}, c.m - 1})
      for (int64_t rows : {1, 2, 3, 5, 13, 33}) {
        if (row0 + rows > c.m) continue;
        const std::vector<float> some = product(x, precision, isa, row0, rows);
        EXPECT_TRUE(same_bits(some.data(), all.data() + row0 * (c.n + 3), some.size()))
            << rows << " from " << row0;
      }
  }
}

TEST_P(Gemm, ThreadsDoNotChangeBits) {
  Case c{70, 300, 600};
  c.threads = 1;
  const std::vector<float> one = product(Operands(c), precision, isa);
  for (int threads : {2, 3}) {
    c.threads = threads;
    const std::vector<float> more = product(Operands(c), precision, isa);
    EXPECT_TRUE(same_bits(one.data(), more.data(), one.size())) << threads;
  }
}

// Several products of one A, together and one by one.
TEST_P(Gemm, SharedProductsHaveTheSameBits) {
  const auto [isa, precision] = GetParam();
  for (const auto [m, n, k] : {std::array<int64_t, 3>{1, 40, 64}, {13, 77, 130}, {300, 50, 96}}) {
    Case c{m, n, k};
    c.bias = true;
    const Operands one(c, 1), two(c, 2);
    std::vector<std::vector<float>> apart, together;
    std::vector<std::unique_ptr<AlignedBytes>> packed;
    Team team(2);
    team.reserve_scratch(gemm_scratch_bytes(precision, isa, m, n, k));
    std::vector<Product> products;
    for (size_t i = 0; i < 2; ++i) {
      packed.push_back(std::make_unique<AlignedBytes>(packed_bytes(precision, isa, k, n)));
      apart.emplace_back(m * n);
      together.emplace_back(m * n);
    }
    for (size_t i = 0; i < 2; ++i) {
      const Operands& b = i == 0 ? one : two;
      products.push_back({packed[i]->memory,
                          together[i].data(),
                          {b.bias.data(), i == 0 ? Activation::none : Activation::gelu}});
      team.run([&](Worker& worker) {
        if (precision == Precision::s8)
          pack_b_s8(isa, {b.w.data(), 1, k}, b.scales.data(), k, n, packed[i]->memory, worker);
        else
          pack_b(precision, isa, b.b_view(), k, n, packed[i]->memory, worker);
        gemm(precision, isa, one.a(), packed[i]->memory, m, n, k, apart[i].data(), n, products[i].epilogue,
             worker);
      });
    }
    team.run([&](Worker& worker) { gemm_shared(precision, isa, one.a(), products, m, n, k, n, worker); });
    for (size_t i = 0; i < 2; ++i)
      EXPECT_TRUE(same_bits(apart[i].data(), together[i].data(), apart[i].size())) << m << " " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Gemm,
                         testing::Combine(testing::Values(Isa::generic, Isa::avx2, Isa::avx512,
                                                          Isa::avx512_fp16, Isa::amx),
                                          testing::Values(Precision::f32, Precision::bf16, Precision::s8)),
                         [](const auto& info) {
                           return std::string(name_of(std::get<0>(info.param))) + "_" +
                                  std::string(name_of(std::get<1>(info.param)));
                         });

// All machines with fused multiply-add give the same floats: f32 and s8.
TEST(GemmAcrossMachines, SameBits) {
  if (machine_isa() < Isa::avx2) GTEST_SKIP();
  for (const Case& shape : {Case{1, 100, 384}, Case{40, 77, 130}, Case{70, 33, 3001}}) {
    Case c = shape;
    c.bias = c.residual = true;
    c.activation = Activation::gelu;
    const Operands x(c);
    for (Precision precision : {Precision::f32, Precision::s8}) {
      std::vector<float> first;
      for (Isa isa : supported_isas()) {
        if (isa < Isa::avx2) continue;
        use_isa(isa);
        const std::vector<float> now = product(x, precision, isa);
        if (first.empty()) first = now;
        EXPECT_TRUE(same_bits(first.data(), now.data(), now.size()))
            << name_of(isa) << " " << name_of(precision);
      }
    }
  }
  use_isa(machine_isa());
}

// The extremes of both operands: where saturating 16-bit sums would go wrong.
TEST(GemmAcrossMachines, ExtremeIntegersAreExact) {
  for (Isa isa : supported_isas()) {
    use_isa(isa);
    Operands x(Case{6, 20, 256});
    for (size_t i = 0; i < x.w.size(); ++i) x.w[i] = (i / 256 % 2 ? 64 : -64) / Operands::narrowing(i % 256);
    for (int8_t& w : x.w) w = std::min<int8_t>(w, 63);
    const int64_t up = 96 * 63 + 80 * 32 + 80 * 16, down = 96 * 64 + 80 * 32 + 80 * 16;
    std::fill(x.scales.begin(), x.scales.end(), 1.0f);
    std::fill(x.a_memory.begin(), x.a_memory.end(), 255.0f);  // scale 1, zero 0
    const std::vector<float> got = product(x, Precision::s8, isa);
    for (int j = 0; j < 20; ++j) EXPECT_EQ(got[j], 255.0f * (j % 2 ? up : -down)) << name_of(isa);
  }
  use_isa(machine_isa());
}

TEST(GemmAcrossMachines, RowsOfZerosAndNonFiniteRows) {
  for (Isa isa : supported_isas()) {
    use_isa(isa);
    Operands x(Case{3, 20, 50});
    std::fill(x.a_memory.begin(), x.a_memory.end(), 0.0f);
    x.a_memory[1 + 50] = std::nanf("");
    x.a_memory[1 + 100 + 49] = INFINITY;
    const std::vector<float> got = product(x, Precision::s8, isa);
    for (int j = 0; j < 20; ++j) {
      EXPECT_EQ(got[j], 0.0f);
      EXPECT_TRUE(std::isnan(got[23 + j])) << name_of(isa);
      EXPECT_TRUE(std::isnan(got[46 + j])) << name_of(isa);
    }
  }
  use_isa(machine_isa());
}

}  // namespace
}  // namespace frugal
