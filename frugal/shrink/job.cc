#include "frugal/shrink/job.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/io/crc32.h"
#include "frugal/io/file.h"
#include "frugal/models/folder.h"
#include "frugal/predict/text_model.h"
#include "frugal/shrink/candidates.h"
#include "frugal/shrink/job_report.h"
#include "frugal/shrink/lessons.h"
#include "frugal/shrink/run_folder.h"
#include "frugal/shrink/trim_vocabulary.h"
#include "frugal/train/phase.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

std::string layers_text(int64_t layers) { return fmt::format("{} layer{}", layers, layers == 1 ? "" : "s"); }

// A training run of the job: what it starts from and what it minimises.
struct Rung {
  std::string key;    // folder under work/
  std::string title;  // "student, 2 layers"
  int64_t layers = 0;
  PhaseResult result;
};

class Job {
 public:
  Job(const ShrinkOptions& options, const Context& context, Progress& progress)
      : options_(options),
        context_(context),
        progress_(progress),
        folder_(options.out, options.to_json(), options.resume) {}

  ShrinkOutcome run() {
    if (folder_.finished()) return finished_outcome(folder_.path());
    prepare();
    train_teacher();
    try_students();
    choose();
    return finish();
  }

 private:
  void prepare() {
    data_ = read_task(options_.data);
    FolderOptions load;
    load.writable = true;
    load.seed = options_.data.seed;
    load.new_head = NewHead{"ForSequenceClassification",
                            data_.labels.regression ? std::vector<std::string>{"score"} : data_.labels.names,
                            data_.labels.regression};
    pretrained_ = load_model_folder(options_.model, load);
    const int64_t layers = pretrained_.model->info().layers;
    depths_ = options_.depths;
    if (depths_.empty())
      for (int64_t depth = 1; depth <= layers / 2; ++depth) depths_.push_back(depth);
    std::sort(depths_.begin(), depths_.end());
    for (int64_t depth : depths_)
      if (depth < 1 || depth >= layers)
        throw UsageError(fmt::format("--depths {} is not below the teacher's {} layers", depth, layers));
    max_length_ = text_length(pretrained_, options_.max_length);
    training_ = data_.training(*pretrained_.tokenizer, max_length_);
    validation_ = data_.validation(*pretrained_.tokenizer, max_length_);
    vocabularies_ = {{"", {}}};
    const auto keep = [&](const std::string& name, int32_t common) {
      vocabularies_.push_back({name, pieces_to_keep(*pretrained_.tokenizer, training_.sequences, common)});
    };
    const bool trims = options_.trim && can_trim(*pretrained_.tokenizer);
    if (trims && options_.common_pieces > 0) keep("common vocabulary", options_.common_pieces);
    if (trims) keep("trimmed vocabulary", 0);
    if (options_.trim && !trims) progress_.say("the vocabulary stays whole: only WordPiece is trimmed");
    progress_.say(fmt::format("{} texts to train on, {} to validate, {} to test; {} {}", training_.size(),
                              validation_.size(), data_.test.size(),
                              data_.labels.regression ? 1 : data_.labels.names.size(),
                              data_.labels.regression ? "value" : "classes"));
    augmentation_ = options_.augmentation;
    augmentation_.copies = student_copies(options_, training_.size());
    double weight = phase_weight(options_.teacher, layers) + asking_weight();
    for (int64_t depth : depths_) weight += phase_weight(student_options(depth), depth);
    progress_.plan(static_cast<int>(2 + depths_.size()), weight);
  }

  // Work of a phase in layers that pass over the training texts and learn. The last layer computes one row a
  // text; with embeddings, head and optimizer that is a fifth of a whole one, measured on MiniLM.
  static double phase_weight(const TrainOptions& options, int64_t layers) {
    return options.epochs * (static_cast<double>(layers) - 0.8);
  }
  // Only forward, and mostly in int8.
  double asking_weight() const {
    return 0.15 * static_cast<double>(pretrained_.model->info().layers * (1 + augmentation_.copies));
  }

  TrainOptions student_options(int64_t depth) const {
    TrainOptions options = options_.student;
    options.epochs = student_epochs(options_, depth);
    return options;
  }

  PhaseSpec spec_of(const std::string& key, const std::string& title, const TrainOptions& options,
                    int64_t layers) {
    PhaseSpec spec;
    spec.folder = folder_.work() + "/" + key;
    spec.title = title;
    spec.weight = phase_weight(options, layers);
    spec.tokenizer = options_.model;
    spec.options = options;
    return spec;
  }

  void train_teacher() {
    const int64_t layers = pretrained_.model->info().layers;
    const auto objective = std::make_shared<LabelObjective>(training_.targets.classes.empty()
                                                                ? LabelObjective(training_.targets.reals)
                                                                : LabelObjective(training_.targets.classes));
    Rung rung{"teacher", fmt::format("teacher, {}", layers_text(layers)), layers, {}};
    rung.result = run_phase(spec_of(rung.key, rung.title, options_.teacher, layers), pretrained_.model,
                            pretrained_.store, objective, training_, validation_, context_, progress_);
    rungs_.push_back(std::move(rung));
    add_candidates(rungs_.back(), nullptr);
    candidates_[0].row.state = CandidateState::teacher;
  }

  // Asked once, for all that students of any depth may match.
  void ask_teacher() {
    if (lessons_.answers) return;
    LessonSpec spec;
    spec.folder = folder_.work() + "/lessons";
    spec.augmentation = augmentation_;
    for (size_t i = 1; i < vocabularies_.size(); ++i) spec.spelled_for.push_back(vocabularies_[i].kept);
    for (const int64_t depth : depths_)
      for (const auto& [mine, teachers] : matched_states(depth)) spec.taps.insert(teachers);
    spec.max_length = max_length_;
    spec.seed = options_.data.seed;
    spec.weight = asking_weight();
    const auto open_teacher = [&] {
      TextModelOptions options;
      options.inference.precision = training_precision(context_);
      options.inference.gathered_taps.assign(spec.taps.begin(), spec.taps.end());
      return TextModel(answering_teacher(), context_, options);
    };
    lessons_ = make_lessons(spec, training_, *pretrained_.tokenizer, open_teacher, progress_);
  }

  // A student's hidden states and those of the teacher's that they learn: after as much of the way.
  std::vector<std::pair<std::string, std::string>> matched_states(int64_t depth) const {
    const int64_t layers = pretrained_.model->info().layers;
    std::vector<std::pair<std::string, std::string>> matches;
    for (int64_t i = 1; i <= depth; ++i)
      matches.emplace_back(fmt::format("hidden.{}", i), fmt::format("hidden.{}", i * layers / depth));
    return matches;
  }

  // The int8 candidate if it holds by its estimate: BANKING77's 27,009 texts take two AVX2 cores 36 s with
  // it, 55 with the fp32 teacher.
  ModelFolder answering_teacher() const {
    const ReportCandidate& reference = candidates_[0].row;
    for (const Candidate& candidate : candidates_)
      if (candidate.row.layers == reference.layers && candidate.row.vocabulary == reference.vocabulary &&
          candidate.row.precision == "int8" && probably_holds(candidate.row))
        return load_model_folder(candidate.folder);
    ModelFolder folder;
    folder.model = rungs_[0].result.model;
    folder.store = rungs_[0].result.store;
    return folder;
  }

  // From the shallowest student up, until one of a depth surely holds: a deeper one would be larger.
  void try_students() {
    std::optional<int64_t> holds;
    for (const int64_t depth : depths_) {
      if (holds && !options_.all) {
        drop(depth, fmt::format("{} surely hold{} the target", layers_text(*holds), *holds == 1 ? "s" : ""));
        continue;
      }
      try_student(depth);
      if (std::ranges::any_of(candidates_, [&](const Candidate& candidate) {
            return candidate.row.layers == depth && surely_holds(candidate.row);
          }))
        holds = depth;
    }
  }

  void drop(int64_t depth, const std::string& why) {
    ReportCandidate row;
    row.name = layers_text(depth);
    row.layers = depth;
    row.vocabulary = pretrained_.model->info().vocab_size;
    row.precision = "any";
    row.state = CandidateState::dropped;
    row.why = why;
    dropped_.push_back(row);
    progress_.skip("student, " + row.name, phase_weight(student_options(depth), depth), "not needed, " + why);
  }

  void try_student(int64_t depth) {
    ask_teacher();
    const PhaseResult& teacher = rungs_[0].result;
    Student student =
        make_student(*teacher.model, *teacher.store, spread_layers(teacher.model->info().layers, depth));
    const auto objective = std::make_shared<DistillObjective>(lessons_.part.targets, lessons_.answers,
                                                              matched_states(depth), options_.distill);
    Rung rung{fmt::format("student-{}", depth), "student, " + layers_text(depth), depth, {}};
    PhaseSpec spec = spec_of(rung.key, rung.title, student_options(depth), depth);
    // An epoch is a pass over as many texts as there are, copies or not.
    spec.options.epochs *= static_cast<double>(training_.size()) / static_cast<double>(lessons_.part.size());
    const double needed = options_.target * reference_metric();
    // Scores rise more slowly as the rate falls: twice the last gain for each epoch left is generous.
    if (!options_.all)
      spec.hopeless = [needed](double score, double gain, double epochs_left) {
        return epochs_left > 0 && score > 0 && gain < score &&
               score + 2 * std::max(0.002, gain) * epochs_left < needed;
      };
    rung.result = run_phase(spec, student.model, student.store, objective, lessons_.part, validation_,
                            context_, progress_);
    rungs_.push_back(std::move(rung));
    add_candidates(rungs_.back(), &candidates_[0].validation);
  }

  void add_candidates(const Rung& rung, const ModelAnswers* teacher) {
    const CandidateContext context{data_,         options_.model, folder_.work() + "/candidates",
                                   vocabularies_, max_length_,    options_.data.seed,
                                   options_.int8, context_};
    const std::string name = rung.key == "teacher" ? "teacher" : layers_text(rung.layers);
    for (Candidate& candidate :
         make_candidates(context, name, *rung.result.model, *rung.result.store, teacher)) {
      candidate.row.train_seconds = rung.result.training.seconds;
      candidate.row.cpu_seconds = rung.result.training.cpu_seconds;
      if (rung.result.gave_up) candidate.row.why = "stopped early: the target was out of reach";
      const bool holds = surely_holds(candidate.row);
      candidate.row.state = holds ? CandidateState::holds : CandidateState::misses;
      if (!holds && probably_holds(candidate.row) && candidate.row.why.empty())
        candidate.row.why = "its estimate holds, but with less than 85 % confidence";
      progress_.say(fmt::format("  {}: {} on validation, {} of the teacher, {}, {:.2f} ms",
                                candidate.row.name, format_percent(candidate.row.validation->metric.value),
                                format_percent(candidate.row.validation->share->value),
                                format_bytes(static_cast<double>(candidate.row.bytes)),
                                candidate.row.validation->latency_ms));
      candidates_.push_back(std::move(candidate));
    }
  }

  // The target surely holds when it does with 85 % confidence: on 1,000 rows the estimate alone promises too
  // much (a candidate at 99.8 % of its teacher on validation kept 98.9 % on test), and the whole 95 %
  // interval asks for a student better than its teacher. A one-sided 85 % bound lies 1.04 / 1.96 of the way
  // to the interval's lower end.
  bool surely_holds(const ReportCandidate& row) const {
    const Estimate& share = *row.validation->share;
    return share.value - 1.04 / 1.96 * (share.value - share.low) >= options_.target;
  }
  bool probably_holds(const ReportCandidate& row) const {
    return row.validation->share->value >= options_.target;
  }

  double reference_metric() const { return candidates_[0].row.validation->metric.value; }

  // The deepest students of which one holds by its estimate.
  std::optional<int64_t> deepest_holders() const {
    std::optional<int64_t> deepest;
    for (const Candidate& candidate : candidates_)
      if (candidate.row.layers < candidates_[0].row.layers && probably_holds(candidate.row))
        deepest = std::max(deepest.value_or(0), candidate.row.layers);
    return deepest;
  }

  // The smallest of those that surely hold and of the deepest students that do by their estimates: what too
  // few rows leave open, more layers of one teacher make likelier. The teacher, a sure holder of its own
  // score, wins only when nothing smaller holds by its estimate either.
  void choose() {
    const auto smallest = [&](auto&& holds) {
      for (size_t i = 0; i < candidates_.size(); ++i)
        if (holds(candidates_[i].row) &&
            (!winner_ || candidates_[i].row.bytes < candidates_[*winner_].row.bytes))
          winner_ = i;
    };
    const std::optional<int64_t> deepest = deepest_holders();
    smallest([&](const ReportCandidate& row) {
      return &row != &candidates_[0].row &&
             (surely_holds(row) || (deepest == row.layers && probably_holds(row)));
    });
    if (!winner_) smallest([&](const ReportCandidate& row) { return probably_holds(row); });
    target_met_ = winner_.has_value();
    if (!winner_)  // keep the best there is
      winner_ = std::max_element(candidates_.begin(), candidates_.end(),
                                 [](const auto& a, const auto& b) {
                                   return a.row.validation->share->value < b.row.validation->share->value;
                                 }) -
                candidates_.begin();
    if (*winner_ != 0) candidates_[*winner_].row.state = CandidateState::winner;
  }

  ShrinkOutcome finish() {
    Candidate& winner = candidates_[*winner_];
    for (const auto& entry : fs::directory_iterator(winner.folder))
      write_file(folder_.path() + "/" + entry.path().filename().string(),
                 read_file(entry.path().string(), size_t{1} << 40));
    JobReport report{
        options_, data_, {}, dropped_, *winner_, target_met_, {}, {}, {}, {}, pretrained_.model->info(),
        context_};
    for (const Candidate& candidate : candidates_) report.candidates.push_back(candidate.row);
    if (data_.test.size() > 0) {
      std::vector<int64_t> rows(data_.test.size());
      for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
      const auto measure = [&](int side) {
        const std::string& folder = side == 0 ? candidates_[0].folder : winner.folder;
        return measure_folder(folder, data_.test, data_.test_targets, rows, max_length_, context_);
      };
      Measured measured[2] = {measure(0), measure(1)};
      // In turns: a machine busy with other things would favour the one that meets a quiet moment. The first
      // turn took all rows.
      constexpr int kTurns = 3;
      constexpr size_t kTimedRows = 1000;
      rows.resize(std::min(rows.size(), kTimedRows));
      std::vector<double> latencies[2], rates[2];
      for (int turn = 0; turn < kTurns; ++turn)
        for (int side = 0; side < 2; ++side) {
          const Measurement timed = turn == 0 ? measured[side].measurement : measure(side).measurement;
          latencies[side].push_back(timed.latency_ms);
          rates[side].push_back(timed.texts_per_second);
        }
      for (int side = 0; side < 2; ++side) {
        measured[side].measurement.latency_ms = median(latencies[side]);
        measured[side].measurement.texts_per_second = median(rates[side]);
      }
      Measured &teacher = measured[0], &best = measured[1];
      best.measurement.share =
          share_of_teacher(teacher.answers, best.answers, data_.test_targets, options_.data.seed);
      report.teacher_test = teacher.measurement;
      report.winner_test = best.measurement;
      report.winner_answers = best.answers.classes;
    }
    for (const Rung& rung : rungs_)
      report.curves.push_back({rung.title, folder_.work() + "/" + rung.key + "/metrics"});
    const Report page = make_report(report);
    write_report(folder_.path(), page);
    for (size_t i = 0; i < candidates_.size(); ++i) fs::remove_all(candidates_[i].folder);
    fs::remove_all(folder_.work() + "/lessons");
    folder_.finish();
    return finished_outcome(folder_.path());
  }

  const ShrinkOptions& options_;
  const Context& context_;
  Progress& progress_;
  RunFolder folder_;
  TaskData data_;
  ModelFolder pretrained_;
  Part training_, validation_;
  Augmentation augmentation_;  // with the number of copies
  Lessons lessons_;
  int max_length_ = 0;
  std::vector<int64_t> depths_;
  std::vector<Vocabulary> vocabularies_;
  std::vector<Rung> rungs_;
  std::vector<Candidate> candidates_;     // [0] is the fp32 teacher
  std::vector<ReportCandidate> dropped_;  // never trained
  std::optional<size_t> winner_;
  bool target_met_ = false;
};

}  // namespace

void ShrinkOptions::check() const {
  if (!(target > 0 && target <= 1))
    throw UsageError(
        fmt::format("--target {} is not in (0, 1]", target),
        target > 1 && target <= 100 ? fmt::format("for {} % write --target {}", target, target / 100) : "");
  if (!(data.validation > 0 && data.validation < 1))
    throw UsageError(fmt::format("--validation {} is not in (0, 1)", data.validation));
  if (!(distill.temperature > 0)) throw UsageError("--temperature must be positive");
  if (copies && (*copies < 0 || *copies > 100))
    throw UsageError(fmt::format("--copies {} is not in 0 to 100", *copies));
  if (!(augmentation.drop >= 0 && augmentation.exchange >= 0 &&
        augmentation.drop + augmentation.exchange <= 1))
    throw UsageError("--copy-drop and --copy-exchange are chances, together 1 at most");
  if (!(augmentation.spell >= 0 && augmentation.spell <= 1))
    throw UsageError(fmt::format("--copy-spell {} is not in [0, 1]", augmentation.spell));
  teacher.check();
  student.check();
}

Json ShrinkOptions::to_json() const {
  const auto checksum = [](const std::string& path) {
    return path.empty() ? Json() : Json(crc32(read_file(path, size_t{1} << 31)));
  };
  return {{"model", model},
          {"data", data.train},
          {"data_crc32", checksum(data.train)},
          {"test", data.test},
          {"test_crc32", checksum(data.test)},
          {"text_column", data.columns.text},
          {"pair_column", data.columns.text_pair},
          {"label_column", data.columns.label},
          {"validation", data.validation},
          {"seed", data.seed},
          {"target", target},
          {"max_length", max_length},
          {"teacher", teacher.to_json()},
          {"student", student.to_json()},
          {"depths", depths},
          {"trim", trim},
          {"common_pieces", common_pieces},
          {"int8", int8},
          {"all", all},
          {"copies", copies ? Json(*copies) : Json()},
          {"drop", augmentation.drop},
          {"exchange", augmentation.exchange},
          {"spell", augmentation.spell},
          {"distill",
           {{"labels", distill.labels},
            {"soft", distill.soft},
            {"hidden", distill.hidden},
            {"temperature", distill.temperature}}}};
}

double default_student_epochs(double teacher_epochs) { return 2 * teacher_epochs; }
double default_student_rate(double teacher_rate) { return 2 * teacher_rate; }

double student_epochs(const ShrinkOptions& options, int64_t depth) {
  if (depth > 2) return std::min(options.student.epochs, options.teacher.epochs);
  return depth == 1 ? 6 * options.student.epochs : options.student.epochs;
}

int64_t student_copies(const ShrinkOptions& options, int64_t texts) {
  return options.copies.value_or(default_copies(texts));
}

ShrinkOutcome run_shrink(const ShrinkOptions& options, const Context& context, Progress& progress) {
  options.check();
  return Job(options, context, progress).run();
}

}  // namespace frugal
