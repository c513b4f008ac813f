#include <chrono>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/base/interrupt.h"
#include "frugal/cli/command.h"
#include "frugal/cli/training_options.h"
#include "frugal/shrink/job.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string model, out, depths, command;
  DataFlags data;
  RecipeFlags recipe;
  double target = 0.99, student_epochs = 0, student_lr = 0;
  int max_length = 0, common_pieces = 6000;
  DistillWeights distill;
  Augmentation augmentation;
  std::optional<int64_t> copies;
  bool no_trim = false, no_int8 = false, all = false, resume = false;
};

int run(CLI::App& app, Options& o) {
  constexpr int kTargetNotMet = 3;
  ShrinkOptions options;
  options.model = o.model;
  options.out = o.out;
  options.data = o.data.options(o.seed);
  options.target = o.target;
  options.max_length = o.max_length;
  options.teacher = o.recipe.options(app, o.seed);
  options.student = options.teacher;
  options.student.epochs =
      o.student_epochs > 0 ? o.student_epochs : default_student_epochs(options.teacher.epochs);
  options.student.learning_rate =
      o.student_lr > 0 ? o.student_lr : default_student_rate(options.teacher.learning_rate);
  options.distill = o.distill;
  options.augmentation = o.augmentation;
  options.copies = o.copies;
  options.depths = integer_list("--depths", o.depths, 1);
  options.trim = !o.no_trim;
  if (o.common_pieces < 0) throw UsageError("--common-pieces must not be negative");
  options.common_pieces = o.common_pieces;
  options.int8 = !o.no_int8;
  options.all = o.all;
  options.resume = o.resume;
  options.command = o.command;
  options.check();
  const Context context = o.context();
  InterruptGuard guard;
  Progress progress(ProgressOptions::for_stderr(o.quiet));
  ShrinkOutcome outcome;
  const auto begun = std::chrono::steady_clock::now();
  try {
    outcome = run_shrink(options, context, progress);
  } catch (const Interrupted& stop) {
    throw Interrupted(stop.message(), "repeat the command to continue: " + o.command);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  progress.say(fmt::format("this run took {}", format_duration(took.count())));
  if (o.json)
    fmt::print("{}\n", to_text(outcome.report));
  else
    fmt::print("{}\n{}\nreport: {}/report.html\nserve it: frugal serve {}\n", outcome.summary,
               outcome.target_met
                   ? "The target is met."
                   : fmt::format("No candidate holds the target {}: this is the best.", o.target),
               o.out, o.out);
  return outcome.target_met ? 0 : kTargetNotMet;
}

}  // namespace

std::function<int()> setup_shrink(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("--model", o->model, "folder of the pretrained model")->required();
  o->data.add(app);
  app.add_option("--out", o->out, "folder for the result; a run that was stopped continues there")
      ->required();
  app.add_option("--target", o->target, "share of the teacher's accuracy to keep (default 0.99)");
  app.add_option("--max-length", o->max_length, "tokens of a text at most (default: what the model allows)");
  o->recipe.add(app);
  app.add_option(
      "--student-epochs", o->student_epochs,
      "passes over the data for a student of two layers, copies counted in; one of one layer, which costs a "
      "fifth, makes six times as many, deeper ones no more than the teacher (default: twice the teacher's)");
  app.add_option("--student-lr", o->student_lr, "learning rate of students (default: twice the teacher's)");
  app.add_option("--depths", o->depths,
                 "layers of the students to try, like 1,2,3 (default: up to half the teacher's)");
  app.add_option("--distill-labels", o->distill.labels, "weight of the labels in a student's loss");
  app.add_option("--distill-soft", o->distill.soft, "weight of the teacher's softened answers");
  app.add_option("--distill-hidden", o->distill.hidden, "weight of the teacher's hidden states");
  app.add_option(
      "--copies", o->copies,
      "noisy copies of each text that students learn from too (default: 80,000 texts in all, 2 to 20 "
      "of each; 0: none)");
  app.add_option("--copy-drop", o->augmentation.drop,
                 "chance of a copy's token to be left out (default 0.1)");
  app.add_option("--copy-exchange", o->augmentation.exchange,
                 "chance of a copy's token to become another (default 0.1)");
  app.add_option("--copy-spell", o->augmentation.spell,
                 "chance of a copy's token to be spelled in smaller pieces (default 0.2)");
  app.add_option("--temperature", o->distill.temperature, "of the softened answers");
  app.add_option("--common-pieces", o->common_pieces,
                 "pieces of the vocabulary's beginning that the common vocabulary keeps (default 6000)");
  app.add_flag("--no-trim", o->no_trim, "keep the full vocabulary");
  app.add_flag("--no-int8", o->no_int8, "no int8 candidates");
  app.add_flag("--all", o->all, "train and measure every depth, also those that cannot win");
  app.add_flag("--resume", o->resume, "insist on continuing the run in --out");
  o->add_threads(app);
  o->add_seed(app);
  o->add_json(app);
  o->add_quiet(app);
  return [o, &app] {
    o->command = command_line();
    return run(app, *o);
  };
}

}  // namespace frugal::cli
