/** Shows a run's events on stderr: a bar where a person watches, else a line every few seconds; nothing with --quiet. */
import type { StageEvent } from '@retroplume/core/stages';
import { Presets, SingleBar } from 'cli-progress';
import { printable, writeErr } from './terminal';
import { Pace } from './pace';

const LINE_EVERY_MS = 5000;

type Progress = Extract<StageEvent, { kind: 'progress' }>;

function titleOf(event: StageEvent): string {
  if (event.variant === 'default') return event.stage;
  return `${event.stage} (${event.variant === 'paper' ? 'paper mode' : event.variant.replace('-', ' ')})`;
}

/** One bar per stage on a terminal. */
class Bar {
  private bar?: SingleBar;

  update(event: Progress, pace: string): void {
    this.bar ??= this.begin(event);
    this.bar.setTotal(event.total);
    this.bar.update(event.done, { text: printable(event.text), pace });
  }

  private begin(event: Progress): SingleBar {
    const bar = new SingleBar(
      { format: `  ${titleOf(event).padEnd(20)} {bar} {percentage}%{pace} {text}`, stream: process.stderr, hideCursor: false, barsize: 24 },
      Presets.shades_classic,
    );
    bar.start(event.total, event.done, { text: printable(event.text), pace: '' });
    return bar;
  }

  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}

/** A line now and then in a log file. */
class Lines {
  private last = 0;

  update(event: Progress, pace: string): void {
    const time = performance.now();
    if (time - this.last < LINE_EVERY_MS) return;
    this.last = time;
    writeErr(`  ${titleOf(event)} ${Math.round((100 * event.done) / event.total)}%${pace} ${event.text}\n`);
  }

  end(): void {
    this.last = performance.now();
  }
}

/** A listener for the events of a run. `close` must be called at the end, or the terminal keeps a half-drawn bar. */
export function progressListener(quiet: boolean): { onEvent: (event: StageEvent) => void; close: () => void } {
  if (quiet) return { onEvent: () => undefined, close: () => undefined };
  const view = process.stderr.isTTY ? new Bar() : new Lines();
  const line = (text: string): void => {
    view.end();
    writeErr(`${text}\n`);
  };
  // Stages of several variants may be at work at once.
  const paces = new Map<string, Pace>();
  const paceOf = (event: StageEvent): Pace => {
    const title = titleOf(event);
    if (!paces.has(title) || event.kind === 'stage-start') paces.set(title, new Pace());
    return paces.get(title)!;
  };
  const onEvent = (event: StageEvent): void => {
    if (event.kind === 'progress') view.update(event, paceOf(event).text(event.done, event.total));
    else if (event.kind === 'stage-start') {
      paceOf(event);
      line(`${titleOf(event)} …`);
    } else if (event.kind === 'stage-done') line(`${titleOf(event)} done in ${event.seconds.toFixed(1)} s`);
    else if (event.kind === 'stage-skipped') line(`${titleOf(event)} is up to date`);
    else line(`  ${event.text}`);
  };
  return { onEvent, close: () => view.end() };
}
