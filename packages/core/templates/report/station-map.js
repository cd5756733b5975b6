// The map of the monitors: the colour tells what became of the error, a click chooses.

/** Pixels of the map within which a click means a monitor. */
const REACH = 14;

/**
 * @param {PickerData} data
 * @param {(station: number) => void} choose
 */
function stationMap(data, choose) {
  const map = /** @type {SVGSVGElement} */ (document.querySelector('#pick-map'));
  const marks = /** @type {SVGGElement} */ (document.querySelector('#pick-marks'));
  const scale = /** @type {HTMLElement} */ (document.querySelector('#pick-scale'));
  /** @type {number[]} */
  let shown = [];
  /** @type {PickerStation | undefined} */
  let chosen;
  const hint = svgElement('title', {});
  const ring = svgElement('circle', { r: data.markSize + 4.5, class: 'ring' });

  /** @param {PickerSeries} series @param {number} station */
  function colourOf(series, station) {
    const scores = series.scores[station];
    if (!scores || !(scores[6] > 0)) return '#fff';
    const part = (100 * (scores[7] / scores[6] - 1)) / data.coloursEnd;
    const place = Math.round(((Math.min(1, Math.max(-1, part)) + 1) / 2) * (data.colours.length - 1));
    return data.colours[place];
  }

  /** @param {PickerStation} station @param {string} fill */
  function mark({ x, y, role }, fill) {
    return svgElement('path', { d: data.roles[role].mark, transform: `translate(${x} ${y})`, fill });
  }

  /** @param {MouseEvent} event */
  function nearest(event) {
    const matrix = map.getScreenCTM();
    if (!matrix) return undefined;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    /** @type {{ station: number | undefined, distance: number }} */
    let best = { station: undefined, distance: REACH };
    for (const station of shown) {
      const distance = Math.hypot(data.stations[station].x - x, data.stations[station].y - y);
      if (distance < best.distance) best = { station, distance };
    }
    return best.station;
  }

  map.prepend(hint);
  map.addEventListener('click', (event) => {
    const station = nearest(event);
    if (station !== undefined) choose(station);
  });
  map.addEventListener('pointermove', (event) => {
    const station = nearest(event);
    map.style.cursor = station === undefined ? '' : 'pointer';
    hint.textContent = station === undefined ? '' : stationText(data.stations[station]);
  });

  return {
    /** @param {PickerSeries | undefined} series @param {number[]} stations those on the map @param {number} station the chosen one */
    draw(series, stations, station) {
      shown = stations;
      chosen = data.stations[station];
      const inFront = [...stations].sort((a, b) => Number(data.stations[a].role === 'withheld') - Number(data.stations[b].role === 'withheld'));
      marks.replaceChildren(...inFront.map((each) => mark(data.stations[each], series ? colourOf(series, each) : '#fff')));
      ring.setAttribute('cx', String(chosen.x));
      ring.setAttribute('cy', String(chosen.y));
      marks.append(ring);
      if (!series) return;
      const { label } = data.species[series.species];
      const [bar, low, , high] = scale.children;
      /** @type {HTMLElement} */ (bar).style.background = `linear-gradient(to right, ${data.colours.join(', ')})`;
      low.textContent = `−${data.coloursEnd} %`;
      high.textContent = `+${data.coloursEnd} %`;
      const known = stations.filter((each) => series.scores[each]);
      const better = known.filter((each) => (series.scores[each]?.[7] ?? 0) < (series.scores[each]?.[6] ?? 0));
      map.setAttribute('aria-label', `Map of ${stations.length} monitors: the error of ${label} fell at ${better.length} of ${known.length}`);
    },
  };
}
