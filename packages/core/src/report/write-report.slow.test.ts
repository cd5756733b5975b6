import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScoreRow } from '../inversion/scores/score-rows';
import { change, significant } from './html/format';
import { page } from './page';
import { PageContext } from './sections/page-context';
import type { LoopGain, ReportCrossValidation, ReportData, ReportLoop, ReportScores } from './data/report-data';
import { GROUPS, SPECIES, smallGrid, syntheticCertificate, syntheticReport, writtenText } from './testing/synthetic-report';
import { writeReport } from './write-report';

const small = { grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: true };

describe('writeReport', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'report-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it('writes one page and a PNG of each map, and leaves no temporary file', async () => {
    const { html, pngs } = await writeReport(dir, syntheticReport(small));
    expect(pngs).toHaveLength(SPECIES.length + GROUPS.length * 5 + 1); // prior, updated, change, true change, paper's change; distance
    for (const png of pngs) expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
    expect(statSync(html).size).toBeGreaterThan(1e5);
    expect(readdirSync(dir).sort()).toEqual(['maps', 'report.html']);
    expect(readdirSync(join(dir, 'maps')).every((name) => name.endsWith('.png'))).toBe(true);
  });

  it('keeps map files apart whose periods differ only in signs, and inside their folder', async () => {
    const data = syntheticReport({ ...small, periods: ['../a b', '..+a+b'], twin: false, paper: false });
    const { pngs } = await writeReport(dir, data);
    expect(new Set(pngs).size).toBe(pngs.length);
    expect(readdirSync(join(dir, 'maps'))).toHaveLength(pngs.length);
  });

  it('refuses fields that are not on the grid and series that are not on the stations, and writes nothing', async () => {
    const data = syntheticReport(small);
    const emissions = [{ ...data.emissions[0], updated: new Float32Array(7) }];
    await expect(writeReport(dir, { ...data, emissions })).rejects.toMatchObject({ code: 'REPORT_SHAPE' });
    await expect(writeReport(dir, { ...data, emissions })).rejects.toThrow(
      'expected updated emissions of NOx in winter [48, 48] = 2304 values but received 7',
    );
    const concentrations = [{ ...data.concentrations[0], prior: new Float32Array(3) }];
    await expect(writeReport(dir, { ...data, concentrations })).rejects.toMatchObject({ code: 'REPORT_SHAPE' });
    expect(readdirSync(dir)).toEqual([]);
  });

  it('says in one sentence where it cannot write', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(writeReport(join(dir, 'file'), syntheticReport(small))).rejects.toMatchObject({ code: 'WRITE_FAILED', exitCode: 3 });
  });
});

describe('page', () => {
  const write = (data: ReportData): string => page(new PageContext(data));

  it('says first what changed on withheld monitors, and prints no NaN', () => {
    const text = write(syntheticReport(small));
    expect(text.indexOf('What changed on monitors that the inversion never saw')).toBeLessThan(text.indexOf('<table'));
    expect(writtenText(text)).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('says that an error fell or rose only where its interval does not hold 0, and where there is no interval', () => {
    const data = syntheticReport({ ...small, paper: false });
    const blocks = [...new Set(data.stations.flatMap(({ role, block }) => (role === 'withheld' ? [block] : [])))];
    expect(blocks.length).toBeGreaterThan(5);
    // Errors of the prior run are 1 everywhere; SO2's become 0.5 and 1.8 in turn, so that its mean falls and its interval holds 0.
    const updatedError = (species: string, block: number): number =>
      ({ NO2: 0.5, SO2: block % 2 ? 1.8 : 0.5, O3: 1.2, 'PM2.5': block < 3 ? 0.5 : NaN })[species]!;
    const concentrations = data.concentrations.map((series) => {
      const ofStation = (index: number): number => updatedError(series.species, blocks.indexOf(data.stations[index % data.stations.length].block));
      const filled = (value: (index: number) => number): Float32Array => Float32Array.from({ length: series.observed.length }, (_, i) => value(i));
      return { ...series, observed: filled(() => 10), prior: filled(() => 11), updated: filled((index) => 10 + ofStation(index)) };
    });
    const text = write({ ...data, concentrations });
    const section = text.slice(text.indexOf('id="headline"'), text.indexOf('id="headline"') + 6000).replace(/\s+/g, ' ');
    expect(section).toMatch(
      /fell for NO₂ \(−50 %\), did not clearly change for SO₂ \(−\d+ %\), rose for O₃ \(\+20 %\) and changed, with no interval that could say how surely, for PM₂.₅ \(−50 %\)\./,
    );
    const tones = [...section.matchAll(/class="card ([a-z]*)" data-species="([^"]+)"/g)].map(([, tone, species]) => [species, tone]);
    expect(Object.fromEntries(tones)).toEqual({ NO2: 'better', SO2: '', O3: 'worse', 'PM2.5': '' });
    expect(section).toContain('no 90 % interval: blocks: 3; an interval needs 5');
  });

  it('warns of groups whose emissions lie far from the training, and shows limits where there are any', () => {
    const data = syntheticReport(small);
    const text = write(data);
    const section = (whole: string): string => whole.slice(whole.indexOf('id="trust-region"'), whole.indexOf('id="provenance"'));
    expect(section(text)).toMatch(/Much of the update lies beyond[^.]*12\s% of SO₂\.<\/b/);
    expect(section(text)).not.toMatch(/At the limit/);
    const trust = { ...data.trust!, limit: 1.5, groups: data.trust!.groups.map((each) => ({ ...each, beyond: 0.05, atLimit: 0.37 })) };
    const limited = section(write({ ...data, trust }));
    expect(limited).not.toMatch(/Much of the update/);
    expect(limited).toMatch(/At the limit/);
    expect(limited).toMatch(/37\.0\s%/);
    const untold = section(write({ ...data, trust: { members: 0, beyond: 2, groups: [], fields: [] } }));
    expect(untold).toMatch(/trained on one inventory/);
    expect(untold).not.toMatch(/<table|<figure/);
    expect(write({ ...data, trust: undefined })).not.toContain('trust-region');
  });

  it('has the weather of periods that the surrogate was not trained in, and what the members that judge there say', () => {
    const data = syntheticReport(small);
    const [{ period }] = data.trust!.groups;
    const weather = [
      { period: 'april', beyond: 0.31, variables: [{ name: 'TEMP2', beyond: 0.8 }] },
      { period, beyond: 0.02, variables: [{ name: 'PBL', beyond: 0.02 }] },
    ];
    const certificates = data.certificates!.map((each) => ({
      ...each,
      joint: each.pairs
        .slice(0, 1)
        .map((pair) => ({ run: 'member06', groups: ['NOx'], species: 'NO2', period, figures: { ...pair.figures, slope: 0.8, cosine: 1 } })),
    }));
    const text = write({ ...data, certificates, trust: { ...data.trust!, weather } });
    const section = text.slice(text.indexOf('id="table-new-weather"')).split('</table>')[0];
    expect(section.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')).toMatch(new RegExp(`april 31 % TEMP2 80 % ${period} 2 % PBL 2 % 20 %`));
    expect(text.replace(/\s+/g, ' ')).toMatch(/Of the weather, 31\s% in april lies outside that of the training/);
    expect(write(data)).not.toContain('table-new-weather');
  });

  it('names the regions whose totals and concentrations do not go together, in words', () => {
    const data = syntheticReport(small);
    const section = (whole: string): string => whole.slice(whole.indexOf('id="audit"'), whole.indexOf('id="surrogate"')).replace(/\s+/g, ' ');
    const text = section(write(data));
    expect(text).toContain('<b>1 of 2 totals and the concentrations at their monitors do not go together</b>');
    expect(text).toContain('BTH: NO₂ −25 % at 12 monitors, NOₓ +1 % (near the monitors −20 %, around the region −8 %)');
    expect(text).toMatch(/<th scope="row">BTH<\/th>.*<b>against the emissions<\/b>/);
    expect(text).toMatch(/YRD.*as the emissions.*1\.5.*12\.0 %/);
    expect(text).toContain('With the paper’s method 1 of 2');
    const many = Array.from({ length: 41 }, (_, i) => ({ ...data.audit![0].rows[1], region: `region ${i}` }));
    const shortened = section(write({ ...data, audit: [{ mode: 'default', rows: [...many, data.audit![0].rows[0]] }] }));
    expect(shortened).not.toContain('region 7');
    expect(shortened).toContain('41 further rows stand in audit.csv');
    expect(write({ ...data, audit: undefined })).not.toContain('id="audit"');
  });

  it('shows what was inverted beside the emissions: runs one by one, biases by species, without what no monitor sees', () => {
    const data = syntheticReport(small);
    const nuisance = [
      { name: 'inflow', unit: "of the run's change", spread: 0.5, value: -0.31 },
      { name: 'bias NO2 at row 1, column 2', unit: 'ppb', spread: 3, value: 3 },
      { name: 'bias NO2 at row 4, column 4', unit: 'ppb', spread: 3, value: -4 },
      ...[1.2, 0, -0.4, 0].map((value, k) => ({ name: `wind at row ${k}`, unit: "of the run's change", spread: 0.7, value })),
      ...[3, -4].map((value, k) => ({ name: `storms, draw ${k + 1} at row 0`, unit: "of the run's change", spread: 0.2, value })),
    ];
    const [first, ...rest] = data.inversion!;
    const text = write({ ...data, inversion: [{ ...first, nuisance }, ...rest] });
    const shown = text.slice(text.indexOf('table-nuisance')).replace(/\s+/g, ' ');
    expect(shown).toMatch(/inflow.*0\.50*.*−0\.31/);
    expect(shown).toMatch(/bias NO2, root mean square of 2 cells.*ppb.*3\.54/); // √((9 + 16)/2)
    expect(shown).toMatch(/wind, mean of 2 places and times.*>0\.40.*wind, root mean square of 2 places and times.*0\.70.*0\.89/);
    expect(shown).toMatch(/storms, root mean square of 2 numbers of 2 draws.*0\.20*.*3\.54/);
    expect(shown).not.toContain('storms, mean');
    expect(write(data)).not.toContain('table-nuisance');
  });

  it('says what the compared hours are, and where a setting is an empty list', () => {
    const data = syntheticReport(small);
    const text = write({ ...data, settings: { inversion: { totals: [], groups: ['NOx', 'SO2'] } } })
      .split('id="provenance"')[1]
      .replace(/\s+/g, ' ');
    expect(text).toContain('12 h from 2026-01-08 00:00 UTC, after 72 h of spin-up'); // which begins on the 5th
    expect(text).toMatch(/inversion\.totals<\/th><td[^>]*>none<\/td>/);
    expect(text).toMatch(/inversion\.groups<\/th><td[^>]*>NOx, SO2<\/td>/);
  });

  it('escapes all text of the case', () => {
    const evil = '"><script>alert(1)</script>';
    const data = syntheticReport(small);
    const text = write({
      ...data,
      caseName: evil,
      description: evil,
      ctm: evil,
      assumptions: [evil],
      regions: [{ name: evil, mask: new Uint8Array(48 * 48).fill(1) }],
      audit: [{ mode: 'default', rows: [{ ...data.audit![0].rows[0], region: evil }] }],
      settings: { [evil]: evil },
      versions: { [evil]: evil },
      stages: [{ stage: evil, seconds: 1 }],
      stations: data.stations.map((station) => ({ ...station, name: evil })),
    });
    expect(text.match(/<script[^>]*>/g)).toEqual([
      '<script type="application/json" id="picker-data">',
      '<script type="application/json" id="picker-series">',
      '<script>',
    ]);
    expect(text.match(/<\/script/g)).toHaveLength(3);
    expect(text.split('&lt;script&gt;alert(1)').length).toBeGreaterThan(10);
  });

  it('says that nothing is proven where no monitor was withheld', () => {
    const data = syntheticReport(small);
    const text = write({ ...data, stations: data.stations.map((station) => ({ ...station, role: 'used' as const })) });
    expect(text.replace(/\s+/g, ' ')).toContain('was fitted to (none was withheld, so this is no proof');
    const seen = data.stations.map((station) => ({ ...station, role: station.role === 'withheld' ? ('used' as const) : station.role }));
    expect(write({ ...data, stations: seen }).replace(/\s+/g, ' ')).toContain('was fitted to or stopped by (none was withheld');
    expect(text).not.toContain('id="table-withheld"');
  });

  it('begins with a banner where the surrogate of the result failed its certificate or has none, and only there', () => {
    const data = syntheticReport(small);
    const words = (text: string): string => text.replace(/\s+/g, ' ');
    const passed = write(data);
    expect(passed).not.toContain('certificate-banner');
    expect(passed).toContain('id="table-certificate"');
    expect(passed).toContain('id="table-certificate-distance"');
    expect(passed).toMatch(/id="table-certificate-sensitivities"[^]*ddm[^]*whole domain[^]*passes[^]*ddm-north[^]*North/);
    expect(words(passed)).toContain('default method: passed.</b> Judged: NOₓ → NO₂ and PM₂.₅ → PM₂.₅; none falls short.');
    expect(words(passed)).toMatch(/paper’s method: failed.<.b> Judged: [^.]*[^;]*; all fall short. NOₓ → NO₂, winter: slope 0.12 is below 0.6/);
    const failed = words(write({ ...data, certificates: [syntheticCertificate('default', ['winter'], 0.12)] }));
    expect(failed.indexOf('The certificate failed.')).toBeGreaterThan(0);
    expect(failed.indexOf('The certificate failed.')).toBeLessThan(failed.indexOf('id="headline"'));
    expect(failed).toContain('<li>NOₓ → NO₂, winter: slope 0.12 is below 0.6</li>');
    const partly = { ...syntheticCertificate('default', ['winter'], 0.9), verdict: 'not certified' as const, reasons: ['NOx>NO2, summer: no run'] };
    expect(words(write({ ...data, certificates: [partly] }))).toContain('Not certified.');
    expect(words(write({ ...data, certificates: undefined }))).toContain('Not certified.');
  });

  it('counts steps in whole numbers', () => {
    expect(write(syntheticReport(small))).toMatch(/<td[^>]*>79<\/td>/);
  });

  it('says by which factor the response was asked for', () => {
    expect(write({ ...syntheticReport(small), responseFactor: 0.5 })).toContain('emissions of one group times 0.5 for the whole period, or');
  });

  it('leaves out responses that are too small to mean anything', () => {
    const data = syntheticReport(small);
    const sized = data.response!.map((each) => ({ ...each, relativeSize: each.pair === 'NOx>O3' ? 0.019 : 0.02 }));
    const rows = (response: ReportData['response']): string[] => [
      ...write({ ...data, response })
        .split('id="table-response"')[1]
        .split('</table>')[0]
        .matchAll(/<th scope="row">([^<]*)/g),
    ].map(([, pair]) => pair); // prettier-ignore
    expect(rows(data.response)).toContain('NOₓ → O₃');
    expect(rows(sized)).not.toContain('NOₓ → O₃');
    expect(rows(sized)).toContain('NOₓ → NO₂');
  });

  it('says where what was not trained on has chosen the weights', () => {
    const text = write(syntheticReport(small));
    const section = text.slice(text.indexOf('id="table-surrogate"'), text.indexOf('</table>', text.indexOf('id="table-surrogate"')));
    expect(section.match(/last days, which chose the weights/g)).toHaveLength(SPECIES.length); // of the paper's mode
    expect(section.match(/>member12</g)).toHaveLength(SPECIES.length);
  });

  it('sets the published errors of both networks beside those of the surrogate', () => {
    const text = write(syntheticReport(small));
    const section = text.slice(text.indexOf('id="table-surrogate"'));
    for (const both of ['0.270 / 0.290', '0.170 / 0.190', '1.39 / 1.49', '1.46 / 1.48']) expect(section).toContain(both);
  });

  it('shows what initial concentrations do to the answers of a surrogate that takes them, and what they took of the gain', () => {
    const data = syntheticReport(small);
    const words = (text: string): string => text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
    expect(write(data)).not.toMatch(/table-initial-(concentrations|gain)/);
    const nme = Object.fromEntries(SPECIES.map(({ name }) => [name, 0.2]));
    const from = (place: 'prior' | 'rollout' | 'zero', slope: number): NonNullable<ReportData['initialConcentrations']>[number] => ({
      mode: 'default',
      period: 'winter',
      from: place,
      nme,
      slopes: { 'SO2>SO2': slope },
    });
    const fit = (observation: number): { observation: number; usedMae: number[]; watchedMae: (number | null)[] } => ({
      observation,
      usedMae: [1, 1, 1, 1],
      watchedMae: [2, 3, null, 5],
    });
    const gain = { prior: fit(100), emissions: fit(60), initialConcentrations: fit(80), both: fit(50), shareOfInitialConcentrations: 0.2 };
    const inversion = data.inversion!.map((each, i) => (i === 0 ? { ...each, gain } : each));
    const text = write({ ...data, initialConcentrations: [from('prior', 0.35), from('rollout', 0.9), from('zero', NaN)], inversion });
    expect(words(text)).toContain('the prior run 20 % 20 % 20 % 20 % 0.35');
    expect(words(text)).toContain('its own earlier output 20 % 20 % 20 % 20 % 0.90');
    expect(words(text)).toContain('both, as inverted 50.0 2.00 3.00 – 5.00');
    expect(words(text)).toContain('Initial concentrations took 20 % of the fall of the observation term.');
    const unknown = { ...gain, shareOfInitialConcentrations: null };
    expect(words(write({ ...data, inversion: [{ ...data.inversion![0], gain: unknown }] }))).toContain('Initial concentrations took – of the fall');
  });

  it('scores withheld monitors first, by place and against benchmarks, and says where there is nothing to score', () => {
    const data = syntheticReport({ ...small, steps: 48, periods: ['winter', 'summer'] });
    const text = write(data);
    const ids = ['table-places-withheld', 'table-benchmarks-withheld', 'table-places-used', 'table-benchmarks-used'];
    const found = ids.map((id) => text.indexOf(`id="${id}"`));
    expect(found[0]).toBeGreaterThan(0);
    expect(found).toEqual([...found].sort((a, b) => a - b));
    const words = (id: string): string =>
      text
        .slice(text.indexOf(`id="${id}"`))
        .split('</table>')[0]
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ');
    const row = data.scores!.modes[0].rows.find(({ species, region }) => species === 'NO2' && region === 'North')!;
    const { low, high } = row.change.interval!;
    const maes = `${significant(row.prior.mae)} ${significant(row.updated.mae)}`;
    const wanted = `NO₂ ppb North ${row.monitors} ${row.change.blocks} ${maes} ${change(row.change.relative)} ${change(low)} to ${change(high)} `;
    expect(words('table-places-withheld')).toContain(wanted.replace(/\s+/g, ' '));
    expect(words('table-places-withheld')).toMatch(/NO₂ ppb West 0 0 – – – – –/);
    expect(words('table-places-withheld')).toMatch(/NO₂ ppb urban sites/);
    expect(words('table-places-withheld')).toMatch(
      /NO₂ ppb within 40 km of used \d+ .* NO₂ ppb 40 to 81 km from used [1-9].* NO₂ ppb farther than 81 km from used 0 /,
    );
    expect(words('table-places-used')).not.toMatch(/km/);
    expect(text.replace(/\s+/g, ' ')).toContain('Of twenty such intervals two miss by chance');
    expect(words('table-benchmarks-withheld')).toMatch(/PM₂.₅ µg m⁻³ 24-hour means prior \d+ \S+ \S+ \S+ (goal|criteria|neither)/);
    expect(words('table-benchmarks-withheld')).toMatch(/O₃ ppb hourly, ≥ 40 ppb observed prior/);
    const daily = syntheticReport({ ...small, steps: 6, stepSeconds: 86400, paper: false });
    expect(write(daily).replace(/\s+/g, ' ')).toContain('O₃, MDA8: none: observations are daily means, which hold no 8-hour mean.');
    expect(write({ ...data, scores: undefined })).not.toContain('id="scores"');
    const usedRows = (mode: ReportScores['modes'][number]): ScoreRow[] => mode.rows.filter(({ stations }) => stations === 'used');
    const modes = data.scores!.modes.map((mode) => ({ ...mode, rows: usedRows(mode) }));
    expect(write({ ...data, scores: { ...data.scores!, modes } })).not.toContain('id="table-places-withheld"');
  });

  it('shows the passes of a loop, one that the transport model did not run for with gaps', () => {
    const data = syntheticReport(small);
    expect(write(data)).not.toContain('id="loop"');
    const gain = (stations: 'used' | 'withheld', predictedMae: number, realisedMae: number | null, region?: string): LoopGain => ({
      species: 'NO2',
      stations,
      priorMae: 8,
      predictedMae,
      realisedMae,
      ...(region === undefined ? {} : { region }),
    });
    const loop: ReportLoop = {
      status: 'agreed',
      kept: 2,
      passes: [
        { pass: 1, realisedError: 0.5, gains: [gain('used', 2, 4), gain('withheld', 3, 5), gain('used', 1, 2, 'North')] },
        { pass: 2, realisedError: 0.25, gains: [gain('used', 1, 2), gain('withheld', 3, 4)] },
        { pass: 3, realisedError: null, gains: [gain('used', 1, null), gain('withheld', 2, null)] },
      ],
    };
    const text = write({ ...data, loop });
    expect(writtenText(text)).not.toMatch(/NaN|undefined/);
    const table = (id: string): string[][] => {
      const body = text
        .slice(text.indexOf(`id="${id}"`))
        .split('</table>')[0]
        .split('<tbody>')[1];
      return body.split('</tr>').map((row) =>
        [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) =>
          cell
            .replace(/<[^>]+>/g, '')
            .replace(/\s+/g, ' ')
            .trim(),
        ),
      );
    };
    expect(table('table-loop').slice(0, 3)).toEqual([
      ['NO₂ (ppb)', '1', '8.00', '75.0 %', '50.0 %', '50 %', '8.00', '62.5 %', '37.5 %', '67 %'],
      ['NO₂ (ppb)', '2 (kept)', '8.00', '87.5 %', '75.0 %', '17 %', '8.00', '62.5 %', '50.0 %', '25 %'],
      ['NO₂ (ppb)', '3', '8.00', '87.5 %', '–', '–', '8.00', '75.0 %', '–', '–'],
    ]);
    expect(table('table-loop-regions')[0]).toEqual(['North', 'NO₂ (ppb)', '1', '8.00', '87.5 %', '75.0 %', '17 %', '–', '–', '–', '–']);
    expect(text).toContain('Gain, NO₂');
    expect(text.replace(/\s+/g, ' ')).toContain('ended before the transport model ran for pass 3');
    expect(text).toContain('only the hours that the inversion compares (inversion.hoursPerDay'); // so errors are not those of verify
  });

  it('shows what cross-validation tried, its choice, and the corner of the L-curve', () => {
    const data = syntheticReport(small);
    expect(write(data)).not.toContain('id="cross-validation"');
    const candidate = (spreadScale: number, mean: number, changes: string[]): ReportCrossValidation['candidates'][number] => ({
      candidate: { spreadScale, errorScale: 1 },
      changes,
      score: { mean, standardError: 0.02, bySpecies: { NO2: mean, O3: mean + 0.05 } },
    });
    const scales = [1, 0.5, 2, 4];
    const crossValidation: ReportCrossValidation = {
      settings: { by: 'blocks', hoursPerDay: 2, iterations: 12 },
      folds: ['1', '2'].map((name) => ({ name, stations: 20 })),
      candidates: scales.map((scale, i) => candidate(scale, 0.62 + 0.01 * i, scale === 1 ? [] : [`spreadScale ${scale}`])),
      best: 0,
      picked: 1,
      lCurves: [
        {
          key: 'spreadScale',
          corner: 1,
          points: [1, 0, 2, 3].map((c, i) => ({ candidate: c, value: scales[c], misfit: 9 - i, distance: 1 + i * i })),
        },
      ],
      applied: true,
    };
    const text = write({ ...data, crossValidation });
    const section = text.slice(text.indexOf('<section id="cross-validation"')).split('</section>')[0].replace(/\s+/g, ' ');
    expect(section).not.toMatch(/NaN|undefined/);
    expect(section).toContain('Chosen: spreadScale 0.5, with 63.0 % of the prior run’s error');
    expect(section).toContain('within one standard error of the best (the case’s own settings)');
    expect(section).toContain('The inversion of this page was made with it.');
    expect(section).toContain('is at 1.00; cross-validation chose 0.50');
    expect(section).toContain('spreadScale 0.5 (chosen)');
    expect(section.match(/<tr/g)).toHaveLength(2 + scales.length);
    const own = write({ ...data, crossValidation: { ...crossValidation, picked: 0, applied: false, lCurves: [] } });
    expect(own).toContain('has the case’s own settings all the same');
    expect(own).not.toContain('L-curve');
  });

  it('stands a species without any observation, missing parts and no stations', () => {
    const data = syntheticReport({ ...small, twin: false, paper: false });
    const allMissing = data.concentrations.map((each) =>
      each.species === 'O3' ? { ...each, observed: Float32Array.from(each.observed, () => NaN) } : each,
    );
    expect(write({ ...data, concentrations: allMissing })).toContain('data-species="NO2"');
    const bare = {
      ...data,
      surrogate: undefined,
      response: undefined,
      certificates: undefined,
      learning: undefined,
      inversion: undefined,
      inventoryError: undefined,
      regions: undefined,
      stages: undefined,
    };
    const text = write({ ...bare, stations: [], concentrations: [], assumptions: [], settings: {}, versions: {} });
    expect(text).toContain('this run proves nothing');
    expect(text).not.toMatch(/id="(surrogate|certificate|inversion)"/);
    const numbers = [...text.matchAll(/<b>Table (\d+)\.<\/b>/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});
