// The chart of one station and species: three lines, a cursor that pointer and keys move, and a part of the time that can be chosen.

/**
 * @typedef {object} ChartContent
 * @property {Lines} lines
 * @property {number} start milliseconds since 1970 UTC
 * @property {number} stepSeconds
 * @property {string} unit
 * @property {string} name of what is shown, for readers who do not see it
 * @property {(index: number) => string} describe the values at a time, in words
 */

const CHART_HEIGHT = 300;
const MARGIN = { left: 52, right: 12, top: 8, bottom: 42 };
/** Values that are shown at least, however far one zooms in. */
const FEWEST = 6;

/**
 * @param {HTMLElement} box
 * @param {(index: number) => void} moved told of each move of the cursor
 */
function seriesChart(box, moved) {
  /** @type {ChartContent | undefined} */
  let content;
  let [first, last, cursor, width] = [0, 0, 0, 0];
  /** @type {number | undefined} */
  let dragFrom;
  const cursorGroup = svgElement('g', { class: 'cursor', 'aria-hidden': 'true' });
  const selection = svgElement('rect', { class: 'selection', y: MARGIN.top, height: CHART_HEIGHT - MARGIN.top - MARGIN.bottom });
  let yOf = (/** @type {number} */ value) => value;

  box.tabIndex = 0;
  box.setAttribute('role', 'slider');

  const plotWidth = () => width - MARGIN.left - MARGIN.right;
  const timeOf = (/** @type {number} */ index) => (content?.start ?? 0) + index * (content?.stepSeconds ?? 3600) * 1000;
  const xOf = (/** @type {number} */ index) => MARGIN.left + ((index - first) / Math.max(1, last - first)) * plotWidth();
  const indexAt = (/** @type {PointerEvent} */ event) => {
    const x = event.clientX - box.getBoundingClientRect().left;
    const index = first + ((x - MARGIN.left) / plotWidth()) * (last - first);
    return Math.min(last, Math.max(first, Math.round(index)));
  };

  /** @param {Float64Array} values */
  function pathOf(values) {
    let path = '';
    let drawing = false;
    for (let i = first; i <= last; i++) {
      if (Number.isNaN(values[i])) {
        drawing = false;
        continue;
      }
      const alone = !drawing && (i === last || Number.isNaN(values[i + 1])); // a value between gaps is a dot
      path += `${drawing ? 'L' : 'M'}${xOf(i).toFixed(1)} ${yOf(values[i]).toFixed(1)}${alone ? 'h0' : ''}`;
      drawing = true;
    }
    return path;
  }

  /** @param {Lines} lines */
  function scaleY(lines) {
    let [low, high] = [0, 0];
    for (const name of LINES) {
      for (let i = first; i <= last; i++) {
        if (lines[name][i] < low) low = lines[name][i];
        if (lines[name][i] > high) high = lines[name][i];
      }
    }
    const ticks = valueTicks(low, high > low ? high : low + 1, 5);
    const [bottom, top] = [ticks[0].value, ticks[ticks.length - 1].value];
    const height = CHART_HEIGHT - MARGIN.top - MARGIN.bottom;
    yOf = (value) => MARGIN.top + height * (1 - (value - bottom) / (top - bottom));
    return ticks;
  }

  function draw() {
    if (!content) return;
    width = Math.max(240, box.clientWidth);
    const svg = svgElement('svg', { width, height: CHART_HEIGHT, viewBox: `0 0 ${width} ${CHART_HEIGHT}`, 'aria-hidden': 'true' });
    const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, CHART_HEIGHT - MARGIN.bottom];
    for (const { value, label } of scaleY(content.lines)) {
      svg.append(svgElement('path', { class: 'grid', d: `M${left} ${yOf(value).toFixed(1)}H${right}` }));
      svg.append(svgElement('text', { x: left - 6, y: (yOf(value) + 4).toFixed(1), 'text-anchor': 'end' }, label));
    }
    const perMillisecond = plotWidth() / Math.max(1, timeOf(last) - timeOf(first));
    for (const { value, label } of timeTicks(timeOf(first), timeOf(last), plotWidth(), 62)) {
      const x = left + (value - timeOf(first)) * perMillisecond;
      svg.append(svgElement('path', { class: 'axis', d: `M${x.toFixed(1)} ${bottom}v4` }));
      svg.append(svgElement('text', { x: Math.min(x, right - 8).toFixed(1), y: bottom + 18, 'text-anchor': 'middle' }, label));
    }
    svg.append(svgElement('path', { class: 'axis', d: `M${left} ${bottom}H${right}` }));
    svg.append(svgElement('text', { x: (left + right) / 2, y: CHART_HEIGHT - 6, 'text-anchor': 'middle' }, 'month-day or hour, UTC'));
    svg.append(svgElement('text', { transform: `translate(13 ${(MARGIN.top + bottom) / 2}) rotate(-90)`, 'text-anchor': 'middle' }, content.unit));
    for (const name of LINES) svg.append(svgElement('path', { class: `line ${name}`, d: pathOf(content.lines[name]) }));
    svg.append(selection, cursorGroup);
    box.replaceChildren(svg);
    drawCursor();
  }

  function drawCursor() {
    if (!content) return;
    const { lines } = content;
    const x = xOf(cursor).toFixed(1);
    const dots = LINES.filter((name) => !Number.isNaN(lines[name][cursor])).map((name) =>
      svgElement('circle', { class: name, cx: x, cy: yOf(lines[name][cursor]).toFixed(1), r: 4 }),
    );
    cursorGroup.replaceChildren(svgElement('path', { d: `M${x} ${MARGIN.top}V${CHART_HEIGHT - MARGIN.bottom}` }), ...dots);
    box.setAttribute('aria-label', `Time, ${content.name}`);
    box.setAttribute('aria-valuemin', String(first));
    box.setAttribute('aria-valuemax', String(last));
    box.setAttribute('aria-valuenow', String(cursor));
    box.setAttribute('aria-valuetext', content.describe(cursor));
    moved(cursor);
  }

  const lengthOf = () => content?.lines.observed.length ?? 0;

  /** @param {number} from @param {number} to */
  function show(from, to) {
    first = Math.max(0, Math.min(from, lengthOf() - FEWEST));
    last = Math.min(lengthOf() - 1, Math.max(to, first + FEWEST - 1));
    cursor = Math.min(last, Math.max(first, cursor));
    draw();
  }

  /** Shows so much of what is shown, about the cursor. @param {number} factor */
  function zoom(factor) {
    const length = Math.min(lengthOf() - 1, Math.max(FEWEST - 1, Math.round((last - first) * factor)));
    const from = Math.min(Math.max(0, Math.round(cursor - length * ((cursor - first) / Math.max(1, last - first)))), lengthOf() - 1 - length);
    show(from, from + length);
  }

  /** The shown part follows the cursor. @param {number} index */
  function moveTo(index) {
    cursor = Math.min(lengthOf() - 1, Math.max(0, index));
    const beyond = cursor < first ? cursor - first : cursor > last ? cursor - last : 0;
    if (beyond === 0) return drawCursor();
    first += beyond;
    last += beyond;
    draw();
  }

  box.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.round(86400 / (content?.stepSeconds ?? 3600)));
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => moveTo(cursor - 1),
      ArrowDown: () => moveTo(cursor - 1),
      ArrowRight: () => moveTo(cursor + 1),
      ArrowUp: () => moveTo(cursor + 1),
      PageDown: () => moveTo(cursor - page),
      PageUp: () => moveTo(cursor + page),
      Home: () => moveTo(0),
      End: () => moveTo(lengthOf() - 1),
      '+': () => zoom(0.5),
      '-': () => zoom(2),
    };
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  box.addEventListener('pointermove', (event) => {
    const index = indexAt(event);
    if (dragFrom !== undefined) {
      const [from, to] = [xOf(Math.min(dragFrom, index)), xOf(Math.max(dragFrom, index))];
      selection.setAttribute('x', String(from));
      selection.setAttribute('width', String(to - from));
    }
    moveTo(index);
  });
  box.addEventListener('pointerdown', (event) => {
    moveTo(indexAt(event));
    if (event.pointerType === 'mouse' && event.button === 0) {
      dragFrom = cursor;
      box.setPointerCapture(event.pointerId);
    }
  });
  box.addEventListener('pointerup', (event) => {
    const [from, to] = [dragFrom ?? 0, indexAt(event)];
    const dragged = dragFrom !== undefined && Math.abs(to - from) >= 2;
    dragFrom = undefined;
    selection.setAttribute('width', '0');
    if (dragged) show(Math.min(from, to), Math.max(from, to));
  });
  new ResizeObserver(() => {
    if (box.clientWidth !== width) draw();
  }).observe(box);

  return {
    /** Another period begins whole; another station or species stays at the part that is shown. @param {ChartContent} next */
    set(next) {
      const same = content !== undefined && content.start === next.start && content.lines.observed.length === next.lines.observed.length;
      content = next;
      if (same) draw();
      else {
        cursor = 0;
        show(0, lengthOf() - 1);
      }
    },
    zoom,
    whole: () => show(0, lengthOf() - 1),
    shown: () => ({ first, last }),
    /** Nothing is shown. @param {string} text instead */
    clear(text) {
      content = undefined;
      box.replaceChildren(text);
      box.removeAttribute('aria-valuetext');
    },
  };
}
