// The sections of report.html, each as HTML text; empty where the report has nothing for it.
#pragma once

#include <string>

#include "frugal/shrink/report.h"

namespace frugal {

std::string report_style();                           // CSS
std::string candidates_table(const Report& report);   // report_table.cc
std::string confusion_section(const Report& report);  // report_confusion_html.cc

// "92.6 %" or "0.873", as the metric is; "-" for NaN.
std::string metric_text(const Report& report, double value);
// "91.5-93.4 %".
std::string interval_text(bool percent, const Estimate& estimate);

}  // namespace frugal
