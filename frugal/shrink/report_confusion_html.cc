#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/format.h"
#include "frugal/shrink/report_confusion.h"
#include "frugal/shrink/report_escape.h"
#include "frugal/shrink/report_parts.h"

namespace frugal {
namespace {

std::string matrix_table(const Answers& answers) {
  const size_t classes = answers.names.size();
  const std::vector<int64_t> matrix = confusion_matrix(answers);
  std::string html = "<div class=\"wide\"><table class=\"matrix\">\n<thead><tr><th>truth, by answer</th>";
  for (const std::string& name : answers.names) html += "<th class=\"n\">" + html_escape(name) + "</th>";
  html += "</tr></thead>\n<tbody>\n";
  for (size_t truth = 0; truth < classes; ++truth) {
    html += "<tr><th scope=\"row\">" + html_escape(answers.names[truth]) + "</th>";
    int64_t rows = 0;
    for (size_t i = 0; i < classes; ++i) rows += matrix[truth * classes + i];
    for (size_t i = 0; i < classes; ++i) {
      const int64_t count = matrix[truth * classes + i];
      const double share = static_cast<double>(count) / static_cast<double>(std::max<int64_t>(1, rows));
      html +=
          fmt::format("<td class=\"n {}\" style=\"--share:{:.0f}%\">{}</td>", i == truth ? "right" : "wrong",
                      count == 0 ? 0 : 8 + 60 * share, format_count(count));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string pairs_table(const Answers& answers) {
  constexpr size_t kMost = 15;
  const auto name = [&](int32_t one) { return html_escape(answers.names[static_cast<size_t>(one)]); };
  std::string html =
      "<div class=\"wide\"><table class=\"pairs\">\n<thead><tr><th>Truth</th><th>Taken for</th>"
      "<th class=\"n\">Rows</th><th class=\"n\">Of the class</th></tr></thead>\n<tbody>\n";
  for (const ConfusedPair& pair : most_confused(answers, kMost))
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{} of {}</td><td class=\"n\">{}</td></tr>\n",
        name(pair.truth), name(pair.predicted), format_count(pair.count), format_count(pair.rows),
        format_percent(static_cast<double>(pair.count) / static_cast<double>(pair.rows), 0));
  return html + "</tbody></table></div>\n";
}

}  // namespace

std::string confusion_section(const Report& report) {
  if (!report.answers || report.answers->truth.empty()) return "";
  const Answers& answers = *report.answers;
  int64_t wrong = 0;
  for (size_t i = 0; i < answers.truth.size(); ++i) wrong += answers.truth[i] != answers.predicted[i];
  std::string html = fmt::format(
      "<h2>What the winner confuses</h2>\n<p>{} of {} rows are answered wrong, in {} classes.</p>\n",
      format_count(wrong), format_count(static_cast<int64_t>(answers.truth.size())),
      format_count(static_cast<int64_t>(answers.names.size())));
  if (answers.names.size() <= kMatrixClasses) return html + matrix_table(answers);
  return wrong == 0 ? html : html + pairs_table(answers);
}

}  // namespace frugal
