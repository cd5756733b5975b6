/** The page's style sheet: sober, light or dark as the reader's system is, on paper light; no font and no image from elsewhere. */
import { PICKER_STYLE } from '../interactive/picker-style';

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #5a5f66; --line: #d9d6cf; --paper: #ffffff; --tint: #f6f5f1; --good: #1c5d99; --bad: #a8321a;
--track: #e7e4dc; --grid: #e6e4de; --caution: #fdf8e8; --caution-line: #c9a54a; --alarm: #fbeeea;
--observed: #111111; --prior: #c0561c; --updated: #1c5d99; --paper-method: #7d6b91; --neutral: #6b7280; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --soft: #a9aeb5; --line: #3b3f45; --paper: #16181b; --tint: #1f2226; --good: #82bbef; --bad: #f29a82;
--track: #33373d; --grid: #2c3035; --caution: #2a2514; --caution-line: #8f7430; --alarm: #351f1a;
--observed: #f4f2ee; --prior: #f0965f; --updated: #74b5f0; --paper-method: #bda8d6; --neutral: #a3a9b4; }
.scatter .density { filter: invert(0.92) hue-rotate(180deg); } } /* many pairs are bright then; maps, whose colours have a meaning, stay as they are */
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
main, header, footer { max-width: 1220px; margin: 0 auto; padding: 0 28px; }
header { padding-top: 36px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 44px 0 12px; padding-top: 10px; border-top: 2px solid var(--ink); font-weight: 650; }
h3 { font-size: 15px; margin: 0; }
p { margin: 0 0 10px; max-width: 78ch; }
.lead { font-size: 18px; line-height: 1.45; max-width: 70ch; }
.kicker { color: var(--soft); font-size: 13px; margin-bottom: 14px; max-width: none; }
.small, .note, .unit { font-size: 12px; color: var(--soft); max-width: 140ch; }
.note { margin-top: 6px; }
nav { font-size: 13px; margin-top: 8px; display: flex; flex-wrap: wrap; gap: 2px 16px; }
nav a { color: var(--good); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 16px; margin: 18px 0 10px; }
.card { border: 1px solid var(--line); border-top: 4px solid var(--soft); background: var(--tint); padding: 12px 14px 8px; }
.card.better { border-top-color: var(--good); }
.card.worse { border-top-color: var(--bad); }
.card .figure { font-size: 34px; line-height: 1.15; font-weight: 650; margin: 2px 0 8px; font-variant-numeric: tabular-nums; }
.card.better .figure { color: var(--good); }
.card.worse .figure { color: var(--bad); }
.bar { display: grid; grid-template-columns: 54px 1fr auto; gap: 8px; align-items: center; font-size: 12px; margin-bottom: 3px; }
.bar-track { height: 9px; background: var(--track); }
.bar-track span { display: block; height: 100%; }
.bar-value { min-width: 76px; text-align: right; font-variant-numeric: tabular-nums; }
.card .small { margin: 8px 0 2px; }
.card p.interval { margin: -6px 0 10px; }
.together { white-space: nowrap; }
#headline-emissions { max-width: none; }
.evidence { margin: 4px 0 10px; padding-left: 18px; }
.evidence li { margin-bottom: 3px; max-width: 110ch; }
.evidence a, p a { color: var(--good); }
.assumptions { border: 1px solid var(--caution-line); border-left-width: 6px; background: var(--caution); padding: 4px 20px 10px; margin-top: 28px; }
.assumptions h2 { border: 0; margin: 6px 0; padding: 0; font-size: 17px; }
.assumptions ul { margin: 0; padding-left: 18px; }
.assumptions li { margin-bottom: 4px; max-width: 100ch; }
aside.banner { border: 1px solid var(--bad); border-left-width: 6px; background: var(--alarm); padding: 10px 20px 4px; margin-top: 24px; }
aside.banner ul { margin: 0 0 8px; padding-left: 18px; }
.table { overflow-x: auto; margin: 18px 0; }
table { overflow-wrap: normal; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; min-width: 50%; }
table .unit, table .small { font-size: 0.92em; }
caption { text-align: left; padding-bottom: 6px; font-size: 13.5px; }
th, td { padding: 4px 6px; text-align: right; vertical-align: top; }
thead th { border-bottom: 1.5px solid var(--ink); border-top: 1.5px solid var(--ink); font-weight: 600; vertical-align: bottom; }
thead .unit { display: block; font-weight: 400; }
tbody tr:last-child > * { border-bottom: 1.5px solid var(--ink); }
tbody th { text-align: left; font-weight: 500; white-space: nowrap; }
td.number { white-space: nowrap; }
th.text, td.text { text-align: left; }
thead th.group { text-align: center; border-bottom: 1px solid var(--soft); }
thead tr + tr th { border-top: 0; }
#table-settings td, #table-versions td { overflow-wrap: anywhere; }
#table-settings tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 10em; } #table-settings td { min-width: 5em; }
tr.begins > * { border-top: 1px solid var(--line); }
tr.strong > * { font-weight: 600; }
tr.strong ~ tr:not(.strong) > th { color: var(--soft); }
.rating { display: inline-block; min-width: 4em; text-align: left; font-size: 0.85em; color: var(--soft); }
th:has(> .rating), [id^='table-benchmarks'] td.text { white-space: nowrap; }
[id^='table-places'] td.text { min-width: 9em; }
.rating.goal { color: var(--good); }
.rating.neither { color: var(--bad); }
figure { margin: 22px 0; }
figcaption { font-size: 13px; color: var(--ink); margin-top: 6px; max-width: 130ch; }
figure.chart { margin: 0; }
figure.chart figcaption { font-weight: 650; font-size: 12.5px; order: -1; margin: 0; }
figure.chart { display: flex; flex-direction: column; }
.panels { display: grid; gap: 14px 18px; align-items: start; }
.panels > * { min-width: 0; }
.panels svg { color: var(--ink); width: 100%; height: auto; display: block; overflow: hidden; }
.panels.maps { grid-template-columns: repeat(3, 1fr); }
.panels.maps.four { grid-template-columns: repeat(4, 1fr); }
.panels.maps.two { grid-template-columns: repeat(2, 1fr); }
.panels.maps svg.scatter { max-width: 310px; }
.panels.scatter { grid-template-columns: repeat(4, 1fr); }
.panels.charts { grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); }
.cells { image-rendering: pixelated; }
.columns { columns: 2 460px; column-gap: 32px; }
.columns .table { break-inside: avoid-column; margin-top: 0; padding-top: 4px; }
.columns table { width: 100%; }
#table-settings { break-inside: auto; overflow: visible; } /* what scrolls does not break into columns */
footer { margin-top: 40px; padding-bottom: 30px; color: var(--soft); font-size: 12.5px; }
@media screen and (min-width: 1100px) { /* drawn larger: letters as in other maps */
.panels.maps.two svg text { font-size: 6.5px; } .panels.maps.two svg > text { font-size: 8px; } }
@media screen and (max-width: 760px) { .panels.maps, .panels.maps.four { grid-template-columns: repeat(2, 1fr); } .panels.maps svg.scatter { max-width: 310px; }
.panels.scatter { grid-template-columns: repeat(2, 1fr); } .panels.charts { grid-template-columns: 1fr; } }
@media screen and (max-width: 1000px) { #table-settings { overflow-x: auto; } } /* one column */
@media screen and (max-width: 600px) { /* a phone: maps of a row side by side in their own box, no letters below 14 px but in figures */
main, header, footer { padding: 0 16px; }
header { padding-top: 24px; }
h1 { font-size: 24px; }
.small, .note, .unit, .kicker, .bar, nav, table, caption, figcaption, footer, figure.chart figcaption { font-size: 14px; }
table .unit, table .small, .rating { font-size: 14px; }
nav { gap: 8px 18px; }
.panels.maps { display: flex; overflow-x: auto; scroll-snap-type: x proximity; padding-bottom: 8px; }
.panels.maps > * { flex: 0 0 86%; scroll-snap-align: start; } /* the next one looks in */
.panels.maps svg text { font-size: 11.5px; }
.panels.maps svg > text { font-size: 14.5px; }
.panels.maps svg .legend text { font-size: 10.5px; }
.panels.maps > :only-child { flex-basis: 100%; }
.panels svg.scatter text { font-size: 13px; }
.panels .chart svg text { font-size: 15px !important; } /* echarts writes sizes into each text */
.columns { columns: 1; }
.bar { grid-template-columns: 64px 1fr auto; }
caption { position: sticky; left: 0; width: calc(100vw - 32px); }
tbody th { position: sticky; left: 0; background: var(--paper); }
#table-settings tbody th, #table-versions tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 40vw; }
}
@media print {
  #stations { display: none; }
  @page { size: A4; margin: 14mm 12mm; }
  body { font-size: 10pt; }
  main, header, footer { max-width: none; padding: 0; }
  nav { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .card, .banner, .panels > *, tr, li { break-inside: avoid; }
  h2 { break-after: avoid; margin-top: 20px; }
  figure { break-inside: avoid; }
  .columns { columns: 2; }
  .cards { grid-template-columns: 1fr 1fr; gap: 8px; }
  .card .figure { font-size: 22pt; }
  .panels.charts { grid-template-columns: 1fr 1fr; }
  table { font-size: 7.2pt; }
  th, td { padding: 2px 2.5px; }
  .note { font-size: 8pt; }
  .panels.maps.four { grid-template-columns: 1fr 1fr; }
  .panels.charts { gap: 6px; }
  caption, figcaption { font-size: 9pt; }
  .table { overflow: visible; }
}
${PICKER_STYLE}`;
