/** Styles of the choice of a monitor; colours are those of html/page-style.ts. */
export const PICKER_STYLE = `
.controls { display: flex; flex-wrap: wrap; gap: 10px 18px; align-items: end; }
.control label { display: block; font-size: 14px; color: var(--soft); margin-bottom: 2px; }
.control[hidden], #picker[hidden], .buttons[hidden] { display: none; }
.controls input, .controls select, #picker button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 3px; min-height: 38px; padding: 4px 10px; max-width: 100%; }
#picker button { cursor: pointer; }
#picker button:hover { background: var(--tint); }
#picker :focus-visible { outline: 3px solid var(--good); outline-offset: 1px; }
.combined { display: flex; }
.combined input { width: 260px; min-width: 0; border-radius: 3px 0 0 3px; }
.combined button { border-left: 0 !important; border-radius: 0 !important; min-width: 38px; }
.combined button:last-child { border-radius: 0 3px 3px 0 !important; }
#pick-message { color: var(--bad); margin: 0; flex-basis: 100%; }
#pick-message:empty { display: none; }
.picker-body { display: grid; grid-template-columns: minmax(220px, 320px) minmax(0, 1fr); gap: 20px 28px; margin-top: 16px; align-items: start; }
.picker-body.many { grid-template-columns: minmax(260px, 440px) minmax(0, 1fr); }
#pick-map { display: block; width: 100%; height: auto; }
#pick-map .ring { fill: none; stroke: #000; stroke-width: 2; filter: drop-shadow(0 0 1.5px #fff); }
.scale { display: grid; grid-template-columns: repeat(3, 1fr); font-size: 13px; font-variant-numeric: tabular-nums; margin-top: 8px; }
.scale i { grid-column: 1 / -1; height: 10px; border: 1px solid var(--soft); }
.scale span:nth-child(3) { text-align: center; }
.scale span:nth-child(4) { text-align: right; }
#pick-title { font-size: 18px; }
.readout { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 8px 0 4px; min-height: 1.5em; font-variant-numeric: tabular-nums; max-width: none; }
.readout time { min-width: 11em; }
.readout .observed { color: var(--observed); }
.readout .prior { color: var(--prior); }
.readout .updated { color: var(--updated); }
.readout span::before { content: ""; display: inline-block; width: 18px; border-top: 3px solid currentColor; vertical-align: 4px; margin-right: 6px; }
.readout b { display: inline-block; min-width: 2.6em; text-align: right; }
#pick-chart { touch-action: pan-y; cursor: crosshair; min-height: 40px; }
#pick-chart svg { display: block; max-width: 100%; }
#pick-chart text { fill: var(--ink); font-size: 12.5px; }
#pick-chart .grid { stroke: var(--grid); }
#pick-chart .axis { stroke: var(--soft); }
#pick-chart .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
#pick-chart .line.observed { stroke: var(--observed); }
#pick-chart .line.prior { stroke: var(--prior); }
#pick-chart .line.updated { stroke: var(--updated); }
#pick-chart .cursor path { stroke: var(--soft); }
#pick-chart .cursor circle { stroke: var(--paper); stroke-width: 1.5; }
#pick-chart .cursor .observed { fill: var(--observed); }
#pick-chart .cursor .prior { fill: var(--prior); }
#pick-chart .cursor .updated { fill: var(--updated); }
#pick-chart .selection { fill: var(--good); opacity: 0.2; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; margin: 10px 0; }
@media (max-width: 760px) {
.picker-body, .picker-body.many { grid-template-columns: 1fr; }
.picker-series { order: -1; }
.picker-map { max-width: 420px; }
.station-control { flex-basis: 100%; }
.combined input { flex: 1; }
.scale { font-size: 14px; }
}
`;
