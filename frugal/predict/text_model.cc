#include "frugal/predict/text_model.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "frugal/base/error.h"

namespace frugal {

std::vector<std::string> label_names(const ModelInfo& info) {
  std::vector<std::string> names = info.label_names;
  for (int64_t i = static_cast<int64_t>(names.size()); i < info.labels; ++i)
    names.push_back(fmt::format("LABEL_{}", i));
  return names;
}

int text_length(const ModelFolder& folder, int asked) {
  const int64_t positions = folder.model->info().max_positions;
  if (positions > 0 && asked > positions)
    throw UsageError(fmt::format("--max-length {} is more than the model's {} positions", asked, positions));
  const int stated = folder.tokenizer ? folder.tokenizer->model_max_length() : 0;
  const int64_t limit = stated > 0 && positions > 0 ? std::min<int64_t>(stated, positions)
                                                    : std::max<int64_t>(stated, positions);
  return asked > 0 ? asked : static_cast<int>(limit);
}

TextModel::TextModel(ModelFolder folder, Context context, TextModelOptions options)
    : folder_(std::move(folder)),
      options_(std::move(options)),
      max_length_(text_length(folder_, options_.max_length)),
      inference_(folder_.model, folder_.store, std::move(context), options_.inference) {}

Sequence TextModel::tokenize(const Text& text) const {
  EncodeOptions options;
  options.max_length = max_length_;
  Encoding encoding = text.pair ? folder_.tokenizer->encode_pair(text.first, text.second, options)
                                : folder_.tokenizer->encode(text.first, options);
  return {std::move(encoding.ids), std::move(encoding.type_ids), {}};
}

std::vector<Sequence> TextModel::tokenize(std::span<const Text> texts) const {
  std::vector<Sequence> sequences;
  sequences.reserve(texts.size());
  for (const Text& text : texts) sequences.push_back(tokenize(text));
  return sequences;
}

template <class Give, class F>
void TextModel::for_each_batch(Inference& inference, std::span<const Sequence> sequences, Give&& give,
                               F&& f) {
  // Similar lengths together: attention's work is spread evenly and few shapes are compiled.
  std::vector<size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sequences[a].ids.size() < sequences[b].ids.size(); });
  std::vector<const Sequence*> ordered;
  for (const size_t i : order) ordered.push_back(&sequences[i]);
  size_t begin = 0;
  const auto batches = batches_of(ordered, options_.batch_tokens);
  const bool once = options_.quick_start && !std::exchange(started_, true) && batches.size() == 1;
  for (const std::span<const Sequence* const> batch : batches) {
    const auto indices = std::span<const size_t>(order).subspan(begin, batch.size());
    begin += batch.size();
    const PackedBatch packed = pack_for(info(), batch);
    Program& program = once ? inference.prepare_once(packed) : inference.prepare(packed);
    give(program, packed, indices);
    program.run();
    f(program, indices);
  }
}

template <class F>
void TextModel::for_each_batch(std::span<const Sequence> sequences, F&& f) {
  for_each_batch(
      inference_, sequences, [](Program&, const PackedBatch&, std::span<const size_t>) {}, f);
}

void TextModel::run(std::span<const Sequence> sequences, const std::string& output, const Sink& sink) {
  std::vector<std::vector<float>> rows(sequences.size());
  for_each_batch(sequences, [&](Program& program, std::span<const size_t> indices) {
    const Tensor values = program.output(output);
    const size_t width = static_cast<size_t>(values.count() / values.dim(0));
    const float* row = values.data<float>().data();
    for (size_t i : indices) rows[i].assign(row, row + width), row += width;
  });
  for (size_t i = 0; i < rows.size(); ++i) sink(i, rows[i]);
}

void TextModel::run_tokens(std::span<const Sequence> sequences, const std::vector<std::string>& outputs,
                           const TokenSink& sink) {
  for_each_batch(sequences, [&](Program& program, std::span<const size_t> indices) {
    std::vector<Tensor> values;
    for (const std::string& name : outputs) values.push_back(program.output(name));
    int64_t row = 0;
    for (size_t i : indices) {
      const auto count = static_cast<int64_t>(sequences[i].ids.size());
      std::vector<std::span<const float>> rows;
      for (const Tensor& value : values) {
        const int64_t width = value.count() / value.dim(0);
        rows.push_back(value.data<float>().subspan(row * width, count * width));
      }
      sink(i, rows);
      row += count;
    }
  });
}

void TextModel::run_picked(std::span<const Sequence> sequences, std::span<const size_t> tokens,
                           const std::string& output, const Sink& sink) {
  if (!picking_ || picked_ != output) {
    InferenceOptions options = options_.inference;
    options.picked = picked_ = output;
    options.only = {"picked"};
    picking_.emplace(folder_.model, folder_.store, inference_.context(), options);
  }
  const auto pick = [&](Program& program, const PackedBatch& batch, std::span<const size_t> indices) {
    Tensor rows = program.input("picked_rows");
    const std::span<int32_t> row = rows.data<int32_t>();
    std::ranges::fill(row, -1);
    for (size_t s = 0; s < indices.size(); ++s)
      row[s] = batch.offsets[s] + static_cast<int32_t>(tokens[indices[s]]);
  };
  for_each_batch(*picking_, sequences, pick, [&](Program& program, std::span<const size_t> indices) {
    const Tensor values = program.output("picked");
    const auto width = static_cast<size_t>(values.dim(1));
    for (size_t s = 0; s < indices.size(); ++s)
      sink(indices[s], values.data<float>().subspan(s * width, width));
  });
}

void TextModel::run_all(std::span<const Sequence> sequences, std::map<std::string, Tensor>& outputs) {
  for_each_batch(sequences, [&](Program& program, std::span<const size_t> indices) {
    for (auto& [name, target] : outputs) {
      const Tensor values = program.output(name);
      const int64_t width = values.count() / values.dim(0);
      const float* row = values.data<float>().data();
      for (size_t i : indices) {
        std::copy(row, row + width, target.data<float>().data() + static_cast<int64_t>(i) * width);
        row += width;
      }
    }
  });
}

}  // namespace frugal
