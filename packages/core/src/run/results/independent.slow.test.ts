/** Observations that only judge, in a small twin from the inversion to the report: they change no bit of it, and their scores are those that withheld monitors with the same values have. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cfVariable, readCf } from '../../files/netcdf/netcdf-cf';
import type { ScoreRow } from '../../inversion/scores/score-rows';
import { readRecord } from '../engine/record';
import type { StageEvent, StageName } from '../engine/stage';
import { NO_CERTIFICATE, SMALL_TRAINING } from '../testing/small-settings';
import { SmallTwin, tableOf } from '../testing/small-twin';
import type { Verification } from './verify';

const BEFORE: StageName[] = ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export'];
const STAGES: StageName[] = [...BEFORE, 'invert', 'apply', 'verify'];
const SETTINGS = [
  ...SMALL_TRAINING,
  ...NO_CERTIFICATE,
  'paperMode.run=true',
  'paperMode.training.iterations=2',
  ...['hidden=3', 'widths=[4,4,4]', 'headWidth=4', 'branchWidth=2'].map((setting) => `paperMode.surrogate.${setting}`),
  'paperMode.inversion.iterations=2',
  'withheld.blockCells=2',
  'withheld.fraction=0.4',
  'inversion.iterations=2',
  'inversion.stopOnWithheld=false',
  'loop.passes=2',
  'loop.iterations=2',
  'loop.agreement=1e-9',
  'scores.concentrationFields=false',
];

const twin = new SmallTwin({ hours: 54, spinUpHours: 18, stations: 40 }, SETTINGS);
const COLUMNS = '{species: {NO2: {column: NO2, unit: ppb}, PM2.5: {column: PM25, unit: ug m-3}}}';
/** `copy`: the withheld monitors again, by other names. `campaign`: daily means of some stations, in winter alone. */
const judging = (more = ''): string =>
  `observations.independent=[{name: copy, stations: {file: inputs/copy.csv, name: label}, files: "inputs/copy_{period}.csv", columns: ${COLUMNS}}, ` +
  `{name: campaign, stations: {file: inputs/copy.csv}, files: inputs/campaign.csv, resolution: daily, columns: {species: {O3: {column: o3, unit: ppb}}}}${more}]`;

const verification = (folder = 'verify'): Verification => twin.read(`${folder}/verification.json`);
const rowsOf = (stations: string, { scores }: Verification): ScoreRow[] => scores.filter((row) => row.stations === stations);
/** What an inversion and what follows on it have written. */
const CONTROL = ['invert/factors.nc', 'invert/control.safetensors', 'invert/inversion.json', 'paper/invert/factors.nc'];
const bytesOf = (): Buffer[] => CONTROL.filter((name) => existsSync(twin.inRun(name))).map((name) => readFileSync(twin.inRun(name)));
const done = (events: StageEvent[], kind: 'stage-start' | 'stage-skipped'): string[] =>
  events.flatMap((event) => (event.kind === kind && event.variant === 'default' ? [event.stage] : []));

let plain: { bytes: Buffer[]; scores: string; stations: string };
beforeAll(async () => {
  await twin.run([], STAGES);
  plain = { bytes: bytesOf(), ...tables() };
  const withheld = tableOf(twin.inRun('verify/stations.csv')).filter(({ role }) => role === 'withheld');
  const ids = new Set(withheld.map(({ station }) => station));
  const list = tableOf(twin.input('stations.csv')).filter(({ id }) => ids.has(id));
  writeFileSync(
    twin.input('copy.csv'),
    ['id,lon,lat,label', ...list.map(({ id, lon, lat }) => `again ${id},${lon},${lat},label of ${id}`)].join('\n'),
  );
  for (const period of ['winter', 'summer']) {
    const rows = tableOf(twin.inRun('simulate', `observations_${period}.csv`)).filter(({ station }) => ids.has(station));
    const names = Object.keys(rows[0]);
    writeFileSync(
      twin.input(`copy_${period}.csv`),
      [names.join(','), ...rows.map((row) => names.map((name) => (name === 'station' ? `again ${row[name]}` : row[name])).join(','))].join('\n'),
    );
  }
  const day = twin.load().periods[0].start.toISOString();
  const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
  writeFileSync(twin.input('campaign.csv'), ['station,time,o3', ...[...ids].slice(0, 3).map((id) => `again ${id},${next},30`)].join('\n'));
});

const tables = (): { scores: string; stations: string } => ({
  scores: readFileSync(twin.inRun('verify/scores.csv'), 'utf8'),
  stations: readFileSync(twin.inRun('verify/stations.csv'), 'utf8'),
});

it('only verify is made again with them, without the transport model, and all that was scored before is scored as before', async () => {
  const made = readRecord(twin.inRun('verify'))!.startedAt;
  const events = await twin.run([judging()], STAGES);
  expect(done(events, 'stage-start')).toEqual(['verify']);
  expect(done(events, 'stage-skipped')).toEqual(STAGES.filter((stage) => stage !== 'verify'));
  expect(events.filter((event) => event.kind === 'progress' && event.text.endsWith('transport model'))).toEqual([]);
  expect(readRecord(twin.inRun('verify'))!.startedAt > made).toBe(true);
  const { scores, stations } = tables();
  expect(scores.startsWith(plain.scores)).toBe(true);
  expect(stations.startsWith(plain.stations)).toBe(true);
  expect(bytesOf()).toEqual(plain.bytes);
  const logs = events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));
  const silences = logs.filter((text) =>
    /^nothing is compared in one of the periods: observations\.independent, campaign: .*no time lies between/.test(text),
  );
  expect(silences).toHaveLength(2); // the default mode's and the paper's
});

it('an inversion with them is bit by bit that without', async () => {
  for (const folder of ['invert', 'paper/invert']) rmSync(twin.inRun(folder), { recursive: true });
  const events = await twin.run([judging()], STAGES);
  expect(done(events, 'stage-start')).toContain('invert');
  expect(plain.bytes.length).toBeGreaterThan(2);
  expect(bytesOf()).toEqual(plain.bytes);
});

it.each(['verify', 'paper/verify'])('in %s the withheld monitors by other names have the scores and intervals of the withheld ones', (folder) => {
  const all = verification(folder);
  const scored = ({ species, averaging, prior, updated, change, monitors, region, period, nearestUsedKm }: ScoreRow): object => ({
    ...{ species, averaging, prior, updated, change, monitors, region, period, nearestUsedKm },
  });
  const copied = rowsOf('withheld', all).filter(({ species }) => ['NO2', 'PM2.5'].includes(species));
  expect(copied.length).toBeGreaterThan(6);
  expect(copied[0].change.interval).toBeDefined();
  expect(rowsOf('copy', all).map(scored)).toEqual(copied.map(scored));
  expect(all.independent!['copy'].NO2).toMatchObject({ unit: 'ppb', priorMae: all.withheld.NO2!.priorMae, change: all.withheld.NO2!.change });
  const campaign = rowsOf('campaign', all).filter(({ averaging }) => averaging === 'daily-mean');
  expect(campaign[0]).toMatchObject({ species: 'O3', monitors: 3, prior: { n: 3 } });
  expect(Object.keys(all.independent!['campaign'])).toEqual(['O3']);
});

it('the tables name them where they name used and withheld monitors, and the pairs have a file each', () => {
  const scores = tableOf(twin.inRun('verify/scores.csv'));
  expect([...new Set(scores.map(({ stations }) => stations))]).toEqual(['withheld', 'used', 'copy', 'campaign']);
  const stations = tableOf(twin.inRun('verify/stations.csv')).filter(({ role }) => role === 'copy');
  expect(stations[0]).toMatchObject({ species: 'NO2', name: expect.stringMatching(/^label of /) as string });
  const pairs = readCf(twin.inRun('verify/pairs-copy.nc'));
  const whole = readCf(twin.inRun('verify/pairs.nc'));
  expect(pairs.dimensions).toMatchObject({ species: 2, station: new Set(stations.map(({ station }) => station)).size });
  const [mine, all] = [pairs, whole].map((file) => ({
    width: file.dimensions.station,
    ...{ lat: cfVariable(file, 'lat', '').data, updated: cfVariable(file, 'updated', '').data },
  }));
  const column = Array.from(all.lat).indexOf(mine.lat[0]);
  for (const time of [0, 1, 40]) expect(mine.updated[time * mine.width]).toBe(all.updated[time * all.width + column]);
  expect(readRecord(twin.inRun('verify'))!.products).toEqual(expect.arrayContaining(['pairs-copy.nc', 'pairs-campaign.nc']));
});

it('further passes of the loop are compared with them, and the report shows each', async () => {
  await twin.run([judging()], ['loop', 'report']);
  expect(rowsOf('copy', verification('pass-2/verify')).length).toBeGreaterThan(6);
  const page = readFileSync(twin.inRun('report/report.html'), 'utf8');
  const section = page.slice(page.indexOf('<section id="independent"'));
  const shown = section.slice(0, section.indexOf('</section>'));
  expect([...shown.matchAll(/<h3>(.*?)<\/h3>/g)].map(([, name]) => name)).toEqual(['copy', 'campaign']);
  for (const id of ['table-independent-copy', 'table-places-copy', 'table-independent-campaign']) expect(shown).toContain(`id="${id}"`);
  expect(existsSync(twin.inRun('report/maps/stations-copy-NO2.png'))).toBe(true);
});

it('what is wrong with them is told before the transport model runs, and files of an entry that is gone go', async () => {
  rmSync(twin.inRun('verify'), { recursive: true });
  const wrong = judging(`, {name: lost, stations: {file: inputs/copy.csv}, files: inputs/lost.csv, columns: ${COLUMNS}}`);
  await expect(twin.run([wrong], ['verify'])).rejects.toMatchObject({
    code: 'FILE_MISSING',
    message: expect.stringMatching(/^observations\.independent, lost: .*check the path in the case/) as string,
  });
  expect(existsSync(twin.inRun('verify/ACONC_winter.nc'))).toBe(false);
  await twin.run([judging()], ['verify']);
  await twin.run([], ['verify']);
  expect(existsSync(twin.inRun('verify/pairs-copy.nc'))).toBe(false);
  expect(tables()).toEqual({ scores: plain.scores, stations: plain.stations });
});
