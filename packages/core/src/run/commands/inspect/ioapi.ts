/** I/O API files for `inspect`: header, grid, times, and the traps of docs/gridded-data.md. */
import type { NetcdfFile } from '@retroplume/native';

import { RetroplumeError } from '../../../base/errors';
import { parseUnit } from '../../../units/units';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { FILE_TYPES, readTflag, fromIoapiStep, fromIoapiTime } from '../../../files/ioapi/ioapi-header';
import { instant } from '../../../grid/grid';
import { windDirection } from '../../../weather/mcip/mcip-wind';
import { refusedAsInput, summariseGrid, shortList, type GridSummary, type Oddity, type TimeSummary, type Described } from './inspection';
import { numbersOf, textOf, type Ranges } from './ranges';

const NAME_WIDTH = 16;
const WRITTEN_LENGTH = 80;
export function describeIoapi(file: NetcdfFile, ranges: Ranges[]): Described {
  const attributes = file.attributes();
  const number = (name: string): number => numbersOf(attributes.get(name))[0] ?? Number.NaN;
  const odd: Oddity[] = [];
  const stepSeconds = Math.abs(fromIoapiStep(number('TSTEP'))); // negative in a restart file
  const facts = {
    ...(stepSeconds === 0 ? { time: 'independent of time (TSTEP 0)' } : {}),
    layers: lengthOf(file, 'LAY') ?? number('NLAYS'),
    ...(number('NTHIK') > 1 ? { boundary: `${number('NTHIK')} cells thick` } : {}),
  };
  const type = number('FTYPE');
  const { oddities, wind } = asInput(file.path);
  odd.push(...oddities);
  const time = stepSeconds === 0 ? undefined : timeOf(file, stepSeconds);
  odd.push(
    ...headerOddities(file),
    ...sizeOddities(file),
    ...timeOddities(time, stepSeconds),
    ...ranges.flatMap((range) => valueOddities(range, time)),
  );
  const points = pointsOf(file);
  if (points) return { kind: points.kind, facts: { ...facts, ...points.facts }, ...(time ? { time } : {}), odd };
  const described = { ...facts, ...(wind === undefined ? {} : { 'wind direction': wind }) };
  return {
    kind: `I/O API ${FILE_TYPES[type]?.name ?? `FTYPE ${type}`} file`,
    facts: described,
    grids: gridsOf(file, odd),
    ...(time ? { time } : {}),
    odd,
  };
}

/** In-line point sources stand in a column of as many rows: as a grid it would lie anywhere. Undefined for other files. */
function pointsOf(file: NetcdfFile): Required<Pick<Described, 'kind' | 'facts'>> | undefined {
  const attributes = file.attributes();
  const [type, cols, rows] = ['FTYPE', 'NCOLS', 'NROWS'].map((name) => numbersOf(attributes.get(name))[0]);
  const stacks = file.variable('STKHT') !== undefined && file.variable('LATITUDE') !== undefined;
  if (type !== 1 || cols !== 1 || !(rows > 1 || stacks)) return undefined;
  return {
    kind: `I/O API ${stacks ? 'stack groups' : 'emissions'} of in-line point sources`,
    facts: { sources: rows, grid: textOf(attributes.get('GDNAM')) || 'without a name' },
  };
}

/** What Retroplume says when it is asked to read the file as an input, and how it turns its wind. */
function asInput(path: string): { oddities: Oddity[]; wind?: string } {
  try {
    const file = IoapiFile.open(path);
    file.close();
    const oddities = file.notes.map((note) => ({ code: 'TFLAG_DATED', text: note.replace(`${path}: `, '') }));
    if (!file.variables.some(({ name }) => name === 'WDIR10')) return { oddities };
    const { description, remedy } = windDirection([file.attributes], file.grid);
    return { oddities, wind: remedy === undefined ? description : `${description}: ${remedy}` };
  } catch (error) {
    if (!(error instanceof RetroplumeError)) throw error;
    return { oddities: [refusedAsInput(error, path)] };
  }
}

function gridsOf(file: NetcdfFile, odd: Oddity[]): GridSummary[] {
  const attributes = file.attributes();
  const number = (name: string): number => numbersOf(attributes.get(name))[0] ?? Number.NaN;
  try {
    return [
      summariseGrid({
        name: textOf(attributes.get('GDNAM')),
        gdtyp: number('GDTYP'),
        pAlp: number('P_ALP'),
        pBet: number('P_BET'),
        pGam: number('P_GAM'),
        xcent: number('XCENT'),
        ycent: number('YCENT'),
        xorig: number('XORIG'),
        yorig: number('YORIG'),
        xcell: number('XCELL'),
        ycell: number('YCELL'),
        cols: number('NCOLS'),
        rows: number('NROWS'),
      }),
    ];
  } catch (error) {
    if (!(error instanceof RetroplumeError)) throw error;
    if (!odd.some(({ code }) => code === error.code)) odd.push({ code: error.code, text: error.message });
    return [];
  }
}

/** By TFLAG, which is what readers go by. */
function timeOf(file: NetcdfFile, stepSeconds: number): TimeSummary | undefined {
  const steps = file.dimensions.find(({ name }) => name === 'TSTEP')?.length ?? 0;
  const tflag = readTflag(file);
  if (!tflag || file.shape('TFLAG').length !== 3 || tflag.length === 0) return undefined;
  const timeAt = (step: number): string => {
    const place = step * (tflag.length / steps);
    return instant(fromIoapiTime(tflag[place], tflag[place + 1]));
  };
  const [first, last] = [timeAt(0), timeAt(steps - 1)].sort(); // the records of a restart file are overwritten in turn
  return { first, last, steps, stepSeconds };
}

function timeOddities(time: TimeSummary | undefined, stepSeconds: number): Oddity[] {
  if (!time) return [];
  if (stepSeconds === 3600 && time.steps > 24 && time.steps % 24 === 1) {
    return [{ code: 'HOUR_25', text: `it holds ${time.steps} hours: the last is also the first of the next day's file` }];
  }
  return [];
}

const lengthOf = (file: NetcdfFile, name: string): number | undefined => file.dimensions.find((dimension) => dimension.name === name)?.length;

function sizeOddities(file: NetcdfFile): Oddity[] {
  const attributes = file.attributes();
  const odd: Oddity[] = [];
  if (textOf(attributes.get('GDNAM')) === '')
    odd.push({ code: 'GDNAM_BLANK', text: 'GDNAM is blank: the grid has no name, and is known by its numbers alone' });
  const [layersInHeader, layersInData] = [numbersOf(attributes.get('NLAYS'))[0], lengthOf(file, 'LAY')];
  if (layersInHeader !== undefined && layersInData !== undefined && layersInHeader !== layersInData)
    odd.push({
      code: 'LAYERS',
      text: `NLAYS says ${layersInHeader} layers but it holds ${layersInData}: it does not tell which; they are taken for the lowest`,
    });
  return odd;
}

function headerOddities(file: NetcdfFile): Oddity[] {
  const attributes = file.attributes();
  const odd: Oddity[] = [];
  const padded = [...attributes].filter(([, value]) => typeof value === 'string' && value.includes('\0')).map(([name]) => name);
  for (const { name } of file.variables) {
    for (const [key, value] of file.attributes(name)) if (typeof value === 'string' && value.includes('\0')) padded.push(`${name}:${key}`);
  }
  if (padded.length > 0) odd.push({ code: 'NUL_PADDING', text: `attributes are padded with NULs: ${shortList(padded)}` });
  const list = textOf(attributes.get('VAR-LIST'));
  const listed = (list.match(new RegExp(`.{1,${NAME_WIDTH}}`, 'gs')) ?? []).map((name) => name.replace(/[\s\0]+$/, '').trim()).filter((name) => name);
  const variableNames = file.variables.map(({ name }) => name).filter((name) => name !== 'TFLAG');
  if (listed.length > 0 && listed.every((name) => variableNames.includes(name)) && listed.some((name, i) => variableNames[i] !== name))
    odd.push({ code: 'VARIABLE_ORDER', text: 'the variables are in another order than VAR-LIST says' });
  if (variableNames.some((name) => !listed.includes(name)))
    odd.push({ code: 'VARIABLE_UNLISTED', text: `VAR-LIST does not name ${shortList(variableNames.filter((name) => !listed.includes(name)))}` });
  if (file.variables[0]?.name !== 'TFLAG') odd.push({ code: 'TFLAG_NOT_FIRST', text: 'TFLAG is not the first variable' });
  const history = textOf(attributes.get('history'));
  if (/\bnc(ks|rcat|ap2|wa|ea|ecat)\b/.test(history))
    odd.push({ code: 'NCO_HISTORY', text: `NCO has worked on it: ${history.slice(0, WRITTEN_LENGTH)}…` });
  return odd;
}

function valueOddities({ name, units, missing, values, negative, zeroSteps, emptySteps, max }: Ranges, time: TimeSummary | undefined): Oddity[] {
  const odd: Oddity[] = [];
  const unit = unitOf(units);
  const hours = (steps: number[]): string =>
    time
      ? shortList(steps.map((step) => instant(new Date(Date.parse(time.first) + step * 1000 * (time.stepSeconds ?? 0)))))
      : shortList(steps.map(String));
  if (unit === undefined) odd.push({ code: 'UNIT_UNKNOWN', text: `${name}: the unit "${units}" is not known` });
  if (missing > 0) odd.push({ code: 'MISSING', text: `${name}: ${missing} of ${values} values are missing` });
  if (emptySteps.length > 0 && missing < values) odd.push({ code: 'EMPTY_STEPS', text: `${name}: no value at ${hours(emptySteps)}` });
  if (negative > 0 && unit === 'emission') odd.push({ code: 'NEGATIVE', text: `${name}: ${negative} negative emissions` });
  // Rain and sunlight are zero for hours; emissions are not.
  if (unit === 'emission' && max !== undefined && max > 0 && zeroSteps.length > 0)
    odd.push({ code: 'ZERO_STEPS', text: `${name}: nothing but zeros at ${hours(zeroSteps)}` });
  // The first may be what a model starts from.
  const later = zeroSteps.filter((step) => step > 0);
  if (unit === 'concentration' && max !== undefined && max > 0 && later.length > 0)
    odd.push({ code: 'ZERO_STEPS', text: `${name}: nothing but zeros at ${hours(later)}` });
  if (unit === 'emission' && max === 0) odd.push({ code: 'ALL_ZERO', text: `${name}: all values are zero` });
  return odd;
}

/** Whether it is one of emissions: mass or amount per time, maybe per area; or of concentrations: mass per volume, or a mole fraction as `ppmV`. */
export function unitOf(text: string): 'emission' | 'concentration' | 'other' | undefined {
  try {
    const [mass, amount, length, time] = parseUnit(text).dimension;
    if (mass + amount === 1 && time === -1 && (length === 0 || length === -2)) return 'emission';
    return /^pp[mbt]/i.test(text) || (mass === 1 && length === -3 && time === 0) ? 'concentration' : 'other';
  } catch (error) {
    if (error instanceof RetroplumeError) return undefined;
    throw error;
  }
}
