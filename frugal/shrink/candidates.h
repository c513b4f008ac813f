// The candidates of one trained model: full, common or trimmed vocabulary, fp32 or int8, each written as a
// model folder, loaded back and measured as a user would have it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frugal/eval/measure.h"
#include "frugal/shrink/report.h"
#include "frugal/shrink/student.h"
#include "frugal/train/dataset.h"

namespace frugal {

struct Candidate {
  ReportCandidate row;
  std::string folder;
  ModelAnswers validation;
};

// A choice of pieces; no `kept`: all of them.
struct Vocabulary {
  std::string name;  // "", "common vocabulary", "trimmed vocabulary"
  std::vector<int32_t> kept;
};

struct CandidateContext {
  const TaskData& data;
  std::string tokenizer;  // folder of the full one
  std::string folder;     // candidates are written under it
  std::vector<Vocabulary> vocabularies;
  int max_length;
  uint64_t seed;
  bool int8;
  const Context& context;
};

// Makes and measures all variants of `trained`; `teacher` are the fp32 teacher's answers on the same rows
// (null for the teacher itself, whose first variant is the reference).
std::vector<Candidate> make_candidates(const CandidateContext& context, const std::string& name,
                                       const Model& model, const Store& store, const ModelAnswers* teacher);

// Share of the teacher's metric with its paired interval.
Estimate share_of_teacher(const ModelAnswers& teacher, const ModelAnswers& student, const Targets& targets,
                          uint64_t seed);

// Answers and speed of a saved model on a part of the data.
struct Measured {
  ModelAnswers answers;
  Measurement measurement;
};
Measured measure_folder(const std::string& folder, const Examples& examples, const Targets& targets,
                        const std::vector<int64_t>& rows, int max_length, const Context& context);

}  // namespace frugal
