import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { describeShared, sharedFile, temporaryFolder } from '../../files/testing/shared-data';
import { Random } from '../../base/random';
import { writeDesid, type DesidStream } from './desid';
import type { EmissionGroups } from '../reading/emission-reader';
import { scaleEmissionFile } from './scale-file';
import { CELLS, EMISSIONS, GRID, GROUPS, START, writeFile } from '../../transport/testing/small-case';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const script = join(__dirname, '../../../../../test/programs/evaluate-desid.cjs');
const span = { begin: START, end: new Date(START.getTime() + 24 * 3600e3), origin: 'Retroplume 1.2.3, case small' };
const draw = (count: number, zeros = false): Float32Array => {
  const random = new Random(11);
  return Float32Array.from({ length: count }, () => (zeros && random.uniform() < 0.1 ? 0 : Math.exp(Math.log(10) * (2 * random.uniform() - 1))));
};

type Emitted = Record<string, Record<string, number[]>>;

/** What CMAQ would make of a file; `BASE` maps variables to species as a mechanism's own file does. */
function emitted(stream: string, emissions: string, base: string, fragment: string[] = []): Emitted {
  writeFileSync(at('base.nml'), base);
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, stream, emissions, at('base.nml'), ...fragment], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Emitted;
}

const BASE = `! species of a mechanism: one to one, from two variables, and parts of one
 'EVERYWHERE', 'ALL', 'NO'  , 'NO'   , 'GAS' , 1.0  , 'UNIT', 'a',
 'EVERYWHERE', 'ALL', 'NO2' , 'NO2'  , 'GAS' , 1.0  , 'UNIT', 'a',
 'EVERYWHERE', 'ALL', 'NH3' , 'NH3'  , 'GAS' , 1.0  , 'UNIT', 'a',
 'EVERYWHERE', 'ALL', 'SO2' , 'SO2'  , 'GAS' , 0.98 , 'UNIT', 'a',
 'EVERYWHERE', 'ALL', 'SO2' , 'SULF' , 'GAS' , 0.02 , 'UNIT', 'a',
 'EVERYWHERE', 'ALL', 'VOC' , 'PAR'  , 'GAS' , 2.5  , 'UNIT', 'a',
 'EVERYWHERE', 'ALL', 'PM25', 'AOTHR', 'FINE', 0.7  , 'UNIT', 'a',
`;

/** The largest difference of emissions, as a part of the updated one, or of the largest updated one where `of` says so. */
function difference(scaled: Emitted, updated: Emitted, of: 'own' | 'largest' = 'own'): number {
  expect(Object.keys(scaled)).toEqual(Object.keys(updated));
  let worst = 0;
  for (const species of Object.keys(updated)) {
    for (const variable of Object.keys(updated[species])) {
      const [a, b] = [scaled[species][variable], updated[species][variable]];
      const largest = b.reduce((most, value) => Math.max(most, value), 0);
      b.forEach((value, i) => {
        if (value !== 0 || of === 'largest') worst = Math.max(worst, Math.abs(a[i] - value) / (of === 'own' ? value : largest));
        else if (a[i] !== 0) worst = Infinity;
      });
    }
  }
  return worst;
}

const regions = new Map([['domain', new Float32Array(CELLS).fill(1)]]);

describe('the rules and masks give what the written files hold', () => {
  const check = (streams: Omit<DesidStream, 'groups'>[], of?: 'largest'): number =>
    Math.max(
      ...streams.map((stream) => {
        const prior = writeFile(at(`${stream.label}.nc`), EMISSIONS, { layers: 2, count: 3 });
        scaleEmissionFile(prior, at('updated.nc'), [{ factors: stream.factors, start: START }], { groups: GROUPS, regions });
        const files = writeDesid(
          { rules: at('desid.nml'), masks: at('masks.nc') },
          GRID,
          streams.map((each) => ({ ...each, groups: GROUPS })),
          span,
        );
        const scaled = emitted(stream.label, prior, BASE, files);
        return difference(scaled, emitted(stream.label, at('updated.nc'), BASE), of);
      }),
    );

  // Some five roundings of REAL*4, each 6e-8 of a value that is not larger than the result.
  it('with factors that vary, layers and species of several variables', () =>
    expect(check([{ label: 'INVENTORY', factors: draw(CELLS * 5) }])).toBeLessThan(4e-7));
  it('with one factor for all cells, and without masks', () => {
    const factors = Float32Array.from({ length: CELLS * 5 }, (_, i) => [1.3, 1, 0.5, 0, 2][i % 5]);
    expect(check([{ label: 'INVENTORY', factors }])).toBeLessThan(4e-7);
    expect(existsSync(at('masks.nc'))).toBe(false);
    expect(readFileSync(at('desid.nml'), 'utf8')).not.toContain('RPLM_MASKS');
  });
  it('with cells that are switched off: small beside the largest', () =>
    expect(check([{ label: 'INVENTORY', factors: draw(CELLS * 5, true) }], 'largest')).toBeLessThan(4e-7));
  it('with streams that have factors of their own', () =>
    expect(
      check([
        { label: 'POWER', factors: draw(CELLS * 5) },
        { label: 'TRAFFIC', factors: draw(CELLS * 5).reverse() },
      ]),
    ).toBeLessThan(4e-7));
});

it('the evaluator tells when a rule is wrong', () => {
  const prior = writeFile(at('EMIS.nc'), EMISSIONS, { count: 1 });
  const stream = { label: 'INVENTORY', groups: GROUPS, factors: draw(CELLS * 5) };
  const files = writeDesid({ rules: at('desid.nml'), masks: at('masks.nc') }, GRID, [stream], span);
  scaleEmissionFile(prior, at('updated.nc'), [{ factors: stream.factors, start: START }], { groups: GROUPS, regions });
  const rules = readFileSync(at('desid.nml'), 'utf8');
  for (const [was, is] of [
    ["'RPLM_NOX'      , 'INVENTORY'", "'RPLM_SO2'      , 'INVENTORY'"],
    ["'UNIT', 'm'", "'UNIT', 'o'"],
    ["'INVENTORY'", "'OTHER'"],
  ]) {
    expect(rules).toContain(was);
    writeFileSync(at('wrong.nml'), rules.replaceAll(was, is));
    const scaled = emitted('INVENTORY', prior, BASE, [at('wrong.nml'), files[1]]);
    expect(difference(scaled, emitted('INVENTORY', at('updated.nc'), BASE), 'largest')).toBeGreaterThan(0.01);
  }
});

it('says where its rows belong, in names that the I/O API can hold', () => {
  writeDesid({ rules: at('desid.nml'), masks: at('masks.nc') }, GRID, [{ label: 'INVENTORY', groups: GROUPS, factors: draw(CELLS * 5) }], span);
  const text = readFileSync(at('desid.nml'), 'utf8');
  expect(text).toContain('\n! By Retroplume 1.2.3, case small.\n');
  expect(text).toContain('2026-07-06T00:00Z to 2026-07-07T00:00Z');
  for (const words of [
    'setenv RPLM_MASKS .../masks.nc',
    'setenv GR_EMIS_LAB_001 INVENTORY',
    'Desid_Reg_nml',
    'Desid_Rules_nml',
    'RGN_NML',
    'EM_NML',
  ]) {
    expect(text).toContain(words);
  }
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('!'))).toHaveLength(5 + 2 * 6);
  const masks = IoapiFile.open(at('masks.nc'));
  expect(masks.variables.map(({ name }) => name)).toEqual(['RPLM_NOX', 'RPLM_NH3', 'RPLM_SO2', 'RPLM_VOC', 'RPLM_PM25']);
  expect(masks.attributes['HISTORY']).toBe('factors by Retroplume 1.2.3, case small');
  expect([masks.time.stepSeconds, masks.attributes['SDATE'], masks.attributes['TSTEP']]).toEqual([0, expect.anything(), Int32Array.of(0)]);
  for (const { name } of masks.variables) {
    const mask = masks.read(name, 0, 1);
    expect([Math.min(...mask), Math.max(...mask)]).toEqual([0, 1]);
  }
  masks.close();
});

describeShared('on a CMAQ-ready file from elsewhere', () => {
  it('gives what the written file holds', () => {
    const prior = sharedFile('ioapi/cmaq_ready*CO.ncf');
    const none = { variables: [] };
    const groups: EmissionGroups = { NOx: { variables: ['CO'] }, NH3: none, SO2: none, VOC: none, 'PM2.5': none };
    const file = IoapiFile.open(prior);
    const { grid } = file;
    file.close();
    const cells = grid.rows * grid.cols;
    const factors = draw(cells * Object.keys(GROUPS).length);
    const whole = new Map([['domain', new Float32Array(cells).fill(1)]]);
    scaleEmissionFile(prior, at('updated.nc'), [{ factors, start: START }], { groups, regions: whole });
    const files = writeDesid({ rules: at('desid.nml'), masks: at('masks.nc') }, grid, [{ label: 'CO_FILE', groups, factors }], span);
    const base = " 'EVERYWHERE', 'ALL', 'CO', 'CO', 'GAS', 1.0, 'UNIT', 'a',\n";
    const scaled = emitted('CO_FILE', prior, base, files);
    expect(scaled['CO']['CO']).toHaveLength(25 * cells);
    expect(difference(scaled, emitted('CO_FILE', at('updated.nc'), base))).toBeLessThan(4e-7);
  });
});
