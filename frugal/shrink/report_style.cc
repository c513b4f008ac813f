// The look of report.html: system fonts, a light and a dark scheme, charts that follow both.
#include "frugal/shrink/report_parts.h"

namespace frugal {

std::string report_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f6f7f9; --ink: #1c2430; --muted: #5d6876; --line: #dde1e7;
  --winner: #0b7a4b; --winner-soft: #e5f4ec; --teacher: #2459c7; --target: #b45309; --misses: #9aa3af;
  --wrong: #c2410c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --card: #1b2129; --ink: #e6e9ee; --muted: #9aa5b3; --line: #2e3742;
    --winner: #3ecf8e; --winner-soft: #14302a; --teacher: #7aa5ff; --target: #f0a64b; --misses: #6b7684;
    --wrong: #f0803c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-size: 16px;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 1rem; font-weight: 600; color: var(--muted); margin: 0 0 8px; }
h2 { font-size: 1.2rem; margin: 48px 0 12px; }
.lead { font-size: 1.65rem; line-height: 1.3; font-weight: 600; margin: 0 0 28px; max-width: 32em; text-wrap: balance; }
.note, .lead + .note { color: var(--muted); font-size: 0.875rem; margin: 10px 0 0; max-width: 60em; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 12px; }
.tile { background: var(--card); border-radius: 10px; padding: 16px 18px; }
.tile b { display: block; font-size: 1.6rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { display: block; color: var(--muted); font-size: 0.875rem; }
.missed { color: var(--wrong); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; }
th, td { padding: 8px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 600; font-size: 0.78rem; vertical-align: bottom; line-height: 1.3; }
.candidates thead th::first-letter { text-transform: uppercase; }
tbody th { font-weight: 600; }
small { display: block; color: var(--muted); font-size: 0.78rem; font-weight: 400; }
td small, th small { white-space: nowrap; }
th[scope=row] small { white-space: normal; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.none { color: var(--muted); text-align: center; }
.candidates { width: 100%; }
.candidates th[scope=row] { min-width: 15em; }
tr.winner > * { background: var(--winner-soft); }
tr.winner .state { color: var(--winner); font-weight: 600; }
tr.teacher .state { color: var(--teacher); font-weight: 600; }
tr.misses .state, tr.dropped .state, tr.dropped > * { color: var(--muted); }
.matrix td { --tone: var(--wrong); background: color-mix(in srgb, var(--tone) var(--share), transparent); }
.matrix td.right { --tone: var(--winner); }
.chart { display: block; width: 100%; height: auto; }
.runs { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 24px; }
.runs h3 { font-size: 0.95rem; margin: 0 0 4px; }
.chart text { fill: var(--ink); font-size: 12px; font-family: inherit; }
.chart .tick, .chart .axis-name { fill: var(--muted); }
.chart .axis-name { font-size: 12.5px; }
.chart .grid { stroke: var(--line); }
.chart .axis { stroke: var(--muted); }
.chart .target { stroke: var(--target); stroke-width: 1.5; stroke-dasharray: 6 4; }
.chart .target-name { fill: var(--target); }
.chart .front { fill: none; stroke: var(--winner); stroke-opacity: 0.35; stroke-width: 2; }
.chart .whisker { stroke: var(--muted); stroke-opacity: 0.45; }
.chart .leader { stroke: var(--muted); stroke-opacity: 0.5; stroke-width: 0.75; }
.chart .mark { stroke: var(--paper); stroke-width: 1.5; fill: var(--ink); }
.chart .mark.teacher { fill: var(--teacher); }
.chart .mark.winner { fill: var(--winner); }
.chart .mark.misses { fill: var(--misses); }
.chart .name { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.chart .winner-name { font-weight: 700; fill: var(--winner); }
.chart .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.chart .series-0 { stroke: var(--teacher); } .chart .series-1 { stroke: var(--target); }
.chart .series-2 { stroke: var(--winner); } .chart .series-3 { stroke: var(--muted); }
.chart .legend { stroke: none; }
.chart .legend.series-0 { fill: var(--teacher); } .chart .legend.series-1 { fill: var(--target); }
.chart .legend.series-2 { fill: var(--winner); } .chart .legend.series-3 { fill: var(--muted); }
pre {
  background: var(--card); border-radius: 10px; padding: 14px 18px; margin: 0; overflow-x: auto; font-size: 0.875rem;
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; font-size: 0.9rem; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 8px 48px; }
@media print { body { font-size: 12px; } .wide { overflow: visible; } }
)css";
}

}  // namespace frugal
