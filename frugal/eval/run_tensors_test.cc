// Parity with the reference implementation: tests/cases/bert was made by tests/cases/make_bert_cases.py.
#include "frugal/eval/run_tensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "frugal/models/folder.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> case_folders() {
  std::vector<std::string> folders;
  for (const auto& family : fs::directory_iterator(fs::path(FRUGAL_SOURCE_DIR) / "tests" / "cases"))
    if (family.is_directory())
      for (const auto& entry : fs::directory_iterator(family))
        if (fs::exists(entry.path() / "inputs.safetensors")) folders.push_back(entry.path().string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

double largest_of(const Tensor& tensor) {
  const Tensor x = tensor.to(DType::f32);
  double largest = 0;
  for (const float value : x.data<float>()) largest = std::max<double>(largest, std::fabs(value));
  return largest;
}

// Largest difference over the largest value of the reference, or over `least`: a tensor that is zero but for
// rounding counts absolutely.
void expect_close(const Tensor& ours, const Tensor& reference, double tolerance, const std::string& name,
                  double least) {
  ASSERT_EQ(ours.count(), reference.count()) << name;
  const double largest = std::max(least, largest_of(reference));
  double difference = 0;
  const Tensor a = ours.to(DType::f32), b = reference.to(DType::f32);
  for (int64_t i = 0; i < a.count(); ++i) {
    difference = std::max<double>(difference, std::fabs(a.data<float>()[i] - b.data<float>()[i]));
    ASSERT_TRUE(std::isfinite(a.data<float>()[i])) << name;
  }
  EXPECT_LE(difference / largest, tolerance) << name;
}

// The references are in double precision: what they have as zero, a sum whose terms cancel, as the gradient
// of the bias of logits that a softmax shares, keeps the terms' rounding here and is measured by a thousandth
// of the largest value of all tensors.
void expect_all_close(const TensorMap& ours, const TensorMap& reference, double tolerance) {
  double largest = 0;
  for (const auto& [name, tensor] : reference) largest = std::max(largest, largest_of(tensor));
  for (const auto& [name, tensor] : reference) {
    ASSERT_TRUE(ours.count(name)) << name;
    const bool zero = largest_of(tensor) < 1e-12 * largest;
    expect_close(ours.at(name), tensor, tolerance, name, zero ? std::max(1e-4, 1e-3 * largest) : 1e-4);
  }
}

class Reference : public testing::TestWithParam<std::string> {
 protected:
  TensorMap read(const std::string& file) const {
    const fs::path path = fs::path(GetParam()) / file;
    return fs::exists(path) ? read_safetensors(path.string()).tensors : TensorMap{};
  }
};

TEST_P(Reference, OutputsGradientsAndSteps) {
  FolderOptions options;
  options.writable = true;
  options.tokenizer = false;
  const ModelFolder folder = load_model_folder(GetParam(), options);
  RunRequest request;
  request.inputs = read("inputs.safetensors");
  const TensorMap gradients = read("gradients.safetensors"), losses = read("losses.safetensors");
  request.gradients = !gradients.empty();
  request.steps = losses.empty() ? 0 : losses.at("losses").count();
  request.learning_rate = 1e-3;
  request.weight_decay = 0.01;
  const RunResult result = run_tensors(*folder.model, folder.store, Context::make(2), request);
  expect_all_close(result.outputs, read("outputs.safetensors"), 1e-4);
  expect_all_close(result.gradients, gradients, 1e-3);
  if (request.steps > 0) expect_close(result.losses, losses.at("losses"), 1e-3, "losses", 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Cases, Reference, testing::ValuesIn(case_folders()), [](const auto& info) {
  const fs::path path(info.param);
  return path.parent_path().filename().string() + "_" + path.filename().string();
});

}  // namespace
}  // namespace frugal
