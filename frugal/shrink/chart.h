// Charts as SVG text for the report. Colours are CSS classes of the page (report_style.cc), so that a chart
// follows its light or dark scheme.
#pragma once

#include <string>
#include <vector>

#include "frugal/shrink/report.h"

namespace frugal {

// Metric against size in MB on a logarithmic axis, with 95 % whiskers, the line of the target, and the front:
// the points that no smaller one matches. Candidates that were not measured are left out; "" if none was.
std::string tradeoff_chart(const Report& report);

// At most 300 points: means of equal runs of them. A NaN makes its mean NaN, a gap, as diverged training
// shows.
CurvePoints thinned(const CurvePoints& points);

// The losses of one run over its steps, thinned. "" without points.
std::string loss_chart(const TrainingRun& run);

}  // namespace frugal
