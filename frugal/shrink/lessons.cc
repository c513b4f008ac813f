#include "frugal/shrink/lessons.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/base/interrupt.h"
#include "frugal/io/file.h"
#include "frugal/io/safetensors.h"

namespace frugal {
namespace {

// Of the part that begins with text `begin`.
std::string part_file(const LessonSpec& spec, int64_t begin) {
  return fmt::format("{}/answers-{:05}.safetensors", spec.folder, begin / TeacherAnswers::kPart);
}

void check_part(const TensorMap& tensors, const std::set<std::string>& taps, int64_t rows,
                const std::string& where) {
  std::set<std::string> names = taps;
  names.insert("logits");
  for (const std::string& name : names) {
    const auto found = tensors.find(name);
    if (found == tensors.end() || found->second.type() != DType::f32 || found->second.shape().size() != 2 ||
        found->second.dim(0) != rows)
      throw Error(where, fmt::format("does not hold the teacher's {} for {} texts", name, rows),
                  "delete the file, and it is asked again");
  }
}

// Asks for the texts of one part and writes its file.
void ask(TextModel& teacher, const LessonSpec& spec, std::span<const Sequence> texts,
         const std::string& file) {
  const auto rows = static_cast<int64_t>(texts.size());
  TensorMap answers{{"logits", Tensor(DType::f32, {rows, teacher.info().labels})}};
  for (const std::string& tap : spec.taps)
    answers[tap] = Tensor(DType::f32, {rows, teacher.info().hidden_size});
  TensorMap outputs;
  for (const auto& [name, tensor] : answers) outputs[name == "logits" ? name : "tap." + name] = tensor;
  teacher.run_all(texts, outputs);
  write_safetensors(file, answers);
}

void ask_all(const LessonSpec& spec, const std::vector<Sequence>& texts,
             const std::function<TextModel()>& open_teacher, Progress& progress) {
  const auto count = static_cast<int64_t>(texts.size());
  const std::string title = fmt::format("teacher, answers to {} texts", format_count(count));
  int64_t begin = 0;
  while (begin < count && std::filesystem::exists(part_file(spec, begin))) begin += TeacherAnswers::kPart;
  if (begin >= count) return progress.skip(title, spec.weight);
  make_folder(spec.folder);
  progress.begin({title, count, spec.weight, begin, "texts"});
  TextModel teacher = open_teacher();
  for (; begin < count; begin += TeacherAnswers::kPart) {
    if (interrupted())
      throw Interrupted(fmt::format("stopped with {} of {} texts answered; the answers are saved",
                                    format_count(begin), format_count(count)));
    const int64_t rows = std::min(TeacherAnswers::kPart, count - begin);
    ask(teacher, spec, std::span(texts).subspan(static_cast<size_t>(begin), static_cast<size_t>(rows)),
        part_file(spec, begin));
    progress.advance(begin + rows, rows);
  }
  progress.end();
}

// The teacher's word is the copies' label.
void label_copies(Part& part, const TeacherAnswers& answers, int64_t from) {
  for (int64_t i = from; i < static_cast<int64_t>(part.sequences.size()); ++i) {
    const std::span<const float> said = answers.row("logits", i);
    if (part.targets.classes.empty())
      part.targets.reals.push_back(said[0]);
    else
      part.targets.classes.push_back(static_cast<int32_t>(std::ranges::max_element(said) - said.begin()));
  }
}

}  // namespace

Lessons make_lessons(const LessonSpec& spec, const Part& training, const Tokenizer& tokenizer,
                     const std::function<TextModel()>& teacher, Progress& progress) {
  Lessons lessons{training, nullptr};
  std::vector<Sequence>& texts = lessons.part.sequences;
  for (Sequence& copy :
       noisy_copies(training.sequences, tokenizer.special_ids(), spec.augmentation, spec.seed))
    texts.push_back(std::move(copy));
  ask_all(spec, texts, teacher, progress);

  const auto count = static_cast<int64_t>(texts.size());
  auto answers = std::make_shared<TeacherAnswers>();
  for (int64_t begin = 0; begin < count; begin += TeacherAnswers::kPart) {
    const std::string file = part_file(spec, begin);
    answers->parts.push_back(read_safetensors(file).tensors);
    check_part(answers->parts.back(), spec.taps, std::min(TeacherAnswers::kPart, count - begin), file);
  }
  label_copies(lessons.part, *answers, training.size());

  // Spelled after the teacher was asked: the student must answer as the teacher did to whole words.
  if (!spec.spelled_for.empty() && spec.augmentation.spell > 0) {
    Random random(spec.seed, "spelling");
    for (size_t i = static_cast<size_t>(training.size()); i < texts.size(); ++i) {
      const std::vector<int32_t>& kept = spec.spelled_for[i % spec.spelled_for.size()];
      Sequence copy = spelled_copy(texts[i], tokenizer, kept, spec.augmentation.spell, random);
      if (static_cast<int>(copy.ids.size()) <= spec.max_length) texts[i] = std::move(copy);
    }
  }
  lessons.answers = std::move(answers);
  return lessons;
}

int64_t default_copies(int64_t texts) {
  constexpr int64_t kLessons = 80'000, kLeast = 2, kMost = 20;
  return std::clamp(kLessons / std::max<int64_t>(texts, 1), kLeast, kMost);
}

}  // namespace frugal
