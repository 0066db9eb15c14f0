#include "report/style.hpp"

namespace pgaf {

std::string_view report_style() {
    return R"css(
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --band: #f4f6f9;
  --good: #1a7f4b; --bad: #c02b2b; --warn: #a85f00; --busy: #0a6bb5;
  --good-band: #e7f5ed; --bad-band: #fdecec; --warn-band: #fff4e0; --busy-band: #e6f1fb;
  --prepare: #9aa7b8; --switch: #2f6fb3; --restore: #2f8f83; --finish: #7a5ea8;
  --refused: #d43f3f; --unprotected: #e09a1f; --in-bar: #ffffff; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181f; --ink: #e4e9f0; --soft: #9aa6b6; --line: #303947; --band: #1c222c;
  --good: #5fd39a; --bad: #ff7b7b; --warn: #f0b35a; --busy: #6cb8f5;
  --good-band: #163325; --bad-band: #3d1d20; --warn-band: #3a2c14; --busy-band: #15304a;
  --prepare: #5d6b7e; --switch: #3d82ca; --restore: #2f9a8c; --finish: #8b70bf;
  --refused: #d94f4f; --unprotected: #c98a1c; --in-bar: #ffffff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 28px 60px; }
h1 { font-size: 25px; line-height: 1.25; margin: 0 0 6px; }
h2 { font-size: 18px; margin: 38px 0 10px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 18px 0 6px; }
p { margin: 6px 0; max-width: 78ch; }
.soft, .note { color: var(--soft); }
.verdict { border-left: 6px solid var(--busy); background: var(--busy-band); padding: 16px 20px; border-radius: 4px; }
.verdict.good { border-color: var(--good); background: var(--good-band); }
.verdict.bad { border-color: var(--bad); background: var(--bad-band); }
.verdict.warn { border-color: var(--warn); background: var(--warn-band); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px; margin: 16px 0 0; }
.figure { border: 1px solid var(--line); border-radius: 4px; padding: 10px 14px; }
.figure b { display: block; font-size: 22px; line-height: 1.3; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figure span { color: var(--soft); font-size: 13px; line-height: 1.35; display: block; }
.wide { overflow-x: auto; margin: 8px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.time { font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre, .mono { font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
td code { white-space: nowrap; } .files { overflow-wrap: anywhere; max-width: none; }
pre { background: var(--band); border: 1px solid var(--line); border-radius: 4px; padding: 10px 12px; margin: 8px 0;
  overflow-x: auto; }
pre .minus { color: var(--bad); } pre .plus { color: var(--good); } pre .at { color: var(--soft); }
.lines { white-space: pre-line; overflow-wrap: anywhere; }
.tag { display: inline-block; border-radius: 3px; padding: 0 7px; font-size: 12.5px; font-weight: 600; white-space: nowrap;
  background: var(--band); color: var(--soft); }
.tag.good { background: var(--good-band); color: var(--good); } .tag.bad { background: var(--bad-band); color: var(--bad); }
.tag.warn { background: var(--warn-band); color: var(--warn); } .tag.busy { background: var(--busy-band); color: var(--busy); }
svg.timeline { display: block; width: 100%; min-width: 860px; height: auto; font: 11px system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }
svg text { fill: var(--ink); } svg text.tick, svg text.gap { fill: var(--soft); text-anchor: middle; }
svg text.name { text-anchor: end; font-size: 12px; } svg text.in { fill: var(--in-bar); } svg text.beside { fill: var(--soft); }
svg .grid { stroke: var(--line); stroke-width: 1; } svg rect.gap { fill: var(--band); }
svg rect.prepare { fill: var(--prepare); } svg rect.switch { fill: var(--switch); } svg rect.restore { fill: var(--restore); }
svg rect.finish { fill: var(--finish); } svg rect.failed { fill: var(--bad); } svg rect.rollback { fill: var(--warn); }
svg rect.running { fill: var(--busy); } svg rect.earlier { fill: var(--bad); }
svg rect.refused { fill: var(--refused); } svg rect.unprotected { fill: var(--unprotected); }
svg rect.shade.refused { opacity: .16; } svg rect.shade.unprotected { opacity: .10; }
.legend { color: var(--soft); font-size: 12.5px; margin: 2px 0 0; }
.legend { max-width: none; } .legend span { white-space: nowrap; margin-right: 12px; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 5px; vertical-align: -1px; }
.legend .prepare { background: var(--prepare); } .legend .switch { background: var(--switch); }
.legend .restore { background: var(--restore); } .legend .finish { background: var(--finish); }
.legend .failed { background: var(--bad); } .legend .rollback { background: var(--warn); }
.legend .refused { background: var(--refused); } .legend .unprotected { background: var(--unprotected); }
footer { margin-top: 40px; color: var(--soft); font-size: 12.5px; }
@media (max-width: 640px) { main { padding: 16px 14px 40px; } h1 { font-size: 21px; } .figures { grid-template-columns: 1fr 1fr; }
  .figure b { font-size: 18px; } table { min-width: 760px; } }
@media print { :root { color-scheme: light;
  --paper: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; --band: #f2f2f2;
  --good: #14683d; --bad: #a11d1d; --warn: #8a4d00; --busy: #084f86;
  --good-band: #eef7f1; --bad-band: #fbeeee; --warn-band: #fdf5e6; --busy-band: #eef4fa;
  --prepare: #9aa7b8; --switch: #2f6fb3; --restore: #2f8f83; --finish: #7a5ea8; --refused: #d43f3f; --unprotected: #e09a1f; }
  body { font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; } table { font-size: 8.5pt; } code, pre, .mono { font-size: 8pt; }
  td code { white-space: normal; overflow-wrap: break-word; font-size: 7pt; } th, td { padding: 3px 7px 3px 0; }
  svg.timeline { min-width: 0; } .wide { overflow: visible; } pre { white-space: pre-wrap; }
  h2, h3 { break-after: avoid; } tr, .verdict, .figures, svg { break-inside: avoid; } thead { display: table-header-group; } }
@page { size: A4; margin: 16mm 13mm; }
)css";
}

}  // namespace pgaf
