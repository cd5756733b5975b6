// What is chosen, and what the page shows of it.

/** @template T @param {string} id @returns {T} */
function fromJson(id) {
  return JSON.parse(document.querySelector(`#${id}`)?.textContent ?? 'null');
}

/** @param {string} selector */
function select(selector) {
  return /** @type {HTMLSelectElement} */ (document.querySelector(selector));
}

/** @param {string} selector @param {string} text */
function say(selector, text) {
  const element = document.querySelector(selector);
  if (element) element.textContent = text;
}

/** A name that is a cell of a CSV file. @param {string} text */
function csvCell(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string} name @param {string} text */
function download(name, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Three digits. @param {number | null} value */
function significantText(value) {
  if (value === null || !Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return numberText(value, Math.min(digits, 6));
}

/** @param {import('../../src/report/interactive/picker-data').PickerScores | null} scores @param {string} unit */
function scoresTable(scores, unit) {
  if (!scores) return 'No value of it has been observed here, so there are no scores.';
  const table = document.createElement('table');
  const caption = table.createCaption();
  caption.textContent = `Scores over ${scores[0]} pairs; observed mean ${significantText(scores[1])} ${unit}`;
  const row = (/** @type {HTMLTableSectionElement} */ section, /** @type {string[]} */ cells, /** @type {boolean} */ isHead) => {
    const line = section.insertRow();
    cells.forEach((text, i) => {
      const cell = document.createElement(isHead || i === 0 ? 'th' : 'td');
      if (cell instanceof HTMLTableCellElement && cell.tagName === 'TH') cell.scope = isHead ? 'col' : 'row';
      cell.className = i === 0 ? 'text' : 'number';
      cell.textContent = text;
      line.append(cell);
    });
  };
  row(table.createTHead(), ['Run', `Mean (${unit})`, `Bias (${unit})`, `MAE (${unit})`, 'r'], true);
  const body = table.createTBody();
  for (const [k, run] of ['prior', 'updated'].entries()) {
    const r = scores[8 + k];
    row(body, [run, ...[2, 4, 6].map((measure) => significantText(scores[measure + k])), r === null ? '–' : numberText(r, 2)], false);
  }
  return table;
}

function startPicker() {
  const picker = /** @type {HTMLElement | null} */ (document.querySelector('#picker'));
  if (!picker) return;
  /** @type {PickerData} */
  const data = fromJson('picker-data');
  /** @type {string[]} */
  const packed = fromJson('picker-series');
  /** @type {Lines[]} */
  let unpacked = [];
  let unpackedOf = -1;
  let asked = 0;
  const everyStation = data.stations.map((_, station) => station);
  let listed = everyStation;
  let station = Math.max(
    0,
    data.stations.findIndex(({ role }, i) => role === 'withheld' && packed[i] !== ''),
  );
  const [species, period, role] = [select('#pick-species'), select('#pick-period'), select('#pick-role')];
  const place = () => data.series.findIndex((each) => each.species === Number(species.value) && each.period === Number(period.value));

  const chart = seriesChart(/** @type {HTMLElement} */ (document.querySelector('#pick-chart')), (index) => showValues(index));
  const map = stationMap(data, choose);
  const choice = stationChoice(data, choose);

  /** @param {number} index */
  function valuesAt(index) {
    const series = data.series[place()];
    const digits = digitsOf(series.step);
    const time = utcText(series.start + index * series.stepSeconds * 1000);
    return { time, values: LINES.map((name) => ({ name, text: numberText(unpacked[place()][name][index], digits) })) };
  }

  /** @param {number} index */
  function describe(index) {
    const { time, values } = valuesAt(index);
    return `${time}: ${values.map(({ name, text }) => `${name} ${text}`).join(', ')} ${data.species[Number(species.value)].unitLabel}`;
  }

  /** @param {number} index */
  function showValues(index) {
    const { time, values } = valuesAt(index);
    const parts = values.map(({ name, text }) => {
      const part = document.createElement('span');
      part.className = name;
      const strong = document.createElement('b');
      strong.textContent = text;
      part.append(`${name} `, strong);
      return part;
    });
    const when = document.createElement('time');
    when.textContent = time;
    document.querySelector('#pick-readout')?.replaceChildren(when, ...parts, data.species[Number(species.value)].unitLabel);
  }

  /** @param {number} next */
  function choose(next) {
    station = next;
    void show();
  }

  /** Why there is no series; undefined where there is one. */
  function whyNone() {
    if (place() < 0) return 'This species was not observed in this period.';
    if (packed[station] === '') return 'This series is left out here, so that the page stays small: see verify/pairs.nc.';
    if (!canUnpack) return 'This browser is too old to unpack the series (it lacks DecompressionStream, of 2023): see verify/pairs.nc.';
    return undefined;
  }

  async function show() {
    const request = ++asked;
    const { id, role: own, lat, lon } = data.stations[station];
    const series = data.series[place()];
    const { label, unitLabel } = data.species[Number(species.value)];
    choice.show(listed, station);
    map.draw(series, listed, station);
    const degrees = (/** @type {number} */ value, /** @type {string} */ letters) => `${Math.abs(value).toFixed(2)}° ${letters[value < 0 ? 1 : 0]}`;
    say('#pick-title', `${label} at ${stationText(data.stations[station])}`);
    say('#pick-role-meaning', `${own}: ${data.roles[own].meaning} · ${degrees(lat, 'NS')}, ${degrees(lon, 'EW')}`);
    document.querySelector('#pick-scores')?.replaceChildren(series ? scoresTable(series.scores[station], unitLabel) : '');
    const none = whyNone();
    /** @type {HTMLElement} */ (document.querySelector('.picker-series .buttons')).hidden = none !== undefined;
    if (none !== undefined) {
      say('#pick-readout', '');
      chart.clear(none);
      return;
    }
    if (unpackedOf !== station) {
      const found = await unpack(packed[station], data.series);
      if (request !== asked) return; // another one was chosen meanwhile
      unpacked = found;
      unpackedOf = station;
    }
    const { start, stepSeconds } = series;
    chart.set({ lines: unpacked[place()], start, stepSeconds, unit: unitLabel, name: `${label} at ${id}`, describe });
  }

  function csv() {
    const { start, stepSeconds, step } = data.series[place()];
    const { name, unit } = data.species[Number(species.value)];
    const { first, last } = chart.shown();
    const lines = unpacked[place()];
    const header = ['time', ...LINES.map((line) => `${line} (${unit})`)].map(csvCell).join(',');
    const rows = Array.from({ length: last - first + 1 }, (_, i) => {
      const time = new Date(start + (first + i) * stepSeconds * 1000).toISOString().replace('.000Z', 'Z');
      const cells = LINES.map((line) => (Number.isNaN(lines[line][first + i]) ? '' : lines[line][first + i].toFixed(digitsOf(step))));
      return [time, ...cells].join(',');
    });
    const words = [data.caseName, data.stations[station].id, name, data.periods[Number(period.value)]];
    const file = words.map((word) => word.replace(/[^\p{L}\p{N}.]+/gu, '-')).join('_');
    download(`${file}.csv`, `${[header, ...rows].join('\n')}\n`);
  }

  for (const each of [species, period]) each.addEventListener('change', () => void show());
  role.addEventListener('change', () => {
    listed = role.value === '' ? everyStation : everyStation.filter((each) => data.stations[each].role === role.value);
    if (!listed.includes(station)) station = listed[0] ?? station;
    void show();
  });
  document.querySelector('#pick-in')?.addEventListener('click', () => chart.zoom(0.5));
  document.querySelector('#pick-out')?.addEventListener('click', () => chart.zoom(2));
  document.querySelector('#pick-whole')?.addEventListener('click', () => chart.whole());
  document.querySelector('#pick-csv')?.addEventListener('click', csv);
  if (data.periods.length < 2) /** @type {HTMLElement} */ (period.closest('.control')).hidden = true;
  document.querySelector('#picker-missing')?.remove();
  picker.hidden = false;
  void show();
}
