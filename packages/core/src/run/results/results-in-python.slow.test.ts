/** The code of docs/results.md, run by Python on a small twin, against what the run's own summaries say. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from '../../../../../test/testing/describe-where';
import { GROUPS, SPECIES } from '../../base/species';
import { FACTORS_FILE, ofGroup, readFactors } from '../../assimilation/factors/factors-file';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { NO_CERTIFICATE, SMALL_TRAINING } from '../testing/small-settings';
import { SmallTwin, tableOf, TWIN_CELLS } from '../testing/small-twin';
import type { Verification } from './verify';

const HOURS = 96;
const SPIN_UP = 66;
const SETTINGS = [
  ...SMALL_TRAINING,
  ...NO_CERTIFICATE,
  'withheld.blockCells=3',
  'inversion.iterations=2',
  'inversion.hoursPerDay=2',
  'inversion.stopOnWithheld=false',
  'inversion.uncertainty={method: lanczos, rank: 4, leastReduction: 0.01}',
];
const DOCS = join(__dirname, '../../../../../docs/results.md');

/** What is asked of the names that a block leaves, as Python expressions of numbers and text, or lists of them; by the section in which it stands. */
const ASKED: Record<string, Record<string, string>> = {
  Pairs: { prior: 'mae["prior"]', updated: 'mae["updated"]', unit: 'withheld.unit.item()', rows: 'len(table)', columns: 'sorted(table.columns)' },
  'Scores of each station': { rows: 'len(ozone)', mean: 'float((ozone.prior_mae * ozone.pairs).sum() / ozone.pairs.sum())' },
  'Scores of all': { mae: 'float(whole[(whole.species == "SO2") & (whole.run == "updated")].me.iloc[0])' },
  Concentrations: {
    shape: 'list(at_stations.shape)',
    change: 'float(change.mean())',
    difference: 'float(abs(at_stations - pairs.updated.sel(species="O3")).max())',
    shared: 'int((at_stations - pairs.updated.sel(species="O3")).notnull().sum())',
    places: 'change.lat.shape == change.shape',
  },
  Factors: { least: 'float(nox.min())', most: 'float(nox.max())', groups: 'list(factors.group.values)' },
  Emissions: { times: 'rate.sizes["time"]', same: 'bool((rate.prior_NOx == rate.updated_NOx).all())', rows: 'len(budget)' },
  Uncertainty: { groups: 'list(known.mean(["y", "x"]).to_series().index)' },
};
const RUN = `
import json, sys
results = {}
for section, code, asked in json.load(sys.stdin):
    names = {}
    exec(compile(code, section, "exec"), names)
    results[section] = {key: eval(expression, names) for key, expression in asked.items()}
sys.stderr.write("\\n" + json.dumps(results))
`;

/** The first interpreter that has what the page asks for. */
const python = [process.env['RETROPLUME_TEST_PYTHON'], 'python3', '/usr/bin/python3'].find(
  (command) => command && spawnSync(command, ['-c', 'import xarray, pandas, netCDF4']).status === 0,
);

it('every block of the page is asked for something', () => {
  expect(blocks().map(([section]) => section)).toEqual(Object.keys(ASKED));
});

/** Sections of the page that have code, with it. */
function blocks(): [section: string, code: string][] {
  const [, ...sections] = readFileSync(DOCS, 'utf8').split(/^## /m);
  return sections.flatMap((text): [string, string][] =>
    [...text.matchAll(/```python\n([\s\S]*?)```/g)].map(([, code]) => [text.slice(0, text.indexOf('\n')), code]),
  );
}

describeWhere(python !== undefined, 'no Python with xarray, pandas and netCDF4', 'docs/results.md in Python', () => {
  const twin = new SmallTwin({ hours: HOURS, spinUpHours: SPIN_UP, stations: 24 }, SETTINGS);
  let results: Record<string, Record<string, unknown>>;
  beforeAll(async () => {
    await twin.run([], ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert', 'uncertainty', 'apply', 'verify']);
    const asked = blocks().map(([section, code]) => [section, code.replaceAll('runs/demo/', twin.inRun('/')), ASKED[section]]);
    const { status, stderr } = spawnSync(python!, ['-c', RUN], { input: JSON.stringify(asked), encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (status !== 0) throw new Error(stderr.slice(-2000));
    results = JSON.parse(stderr.slice(stderr.lastIndexOf('\n'))) as typeof results;
  });
  const verification = (): Verification => twin.read('verify/verification.json');

  it('the pairs give the errors of verification.json', () => {
    const { priorMae, updatedMae, unit, prior } = verification().withheld.NO2!;
    const { Pairs: found } = results;
    expect(found.unit).toBe(unit);
    expect((found.prior as number) / priorMae).toBeCloseTo(1, 5);
    expect((found.updated as number) / updatedMae).toBeCloseTo(1, 5);
    expect(prior.n).toBeGreaterThan(0);
    const stations = new Set(tableOf(twin.inRun('verify/stations.csv')).map(({ station }) => station));
    expect(found.rows).toBe(SPECIES.length * stations.size * (HOURS - SPIN_UP));
    expect(found.columns).toEqual(expect.arrayContaining(['lat', 'lon', 'observed', 'period', 'prior', 'role', 'unit', 'updated']));
  });

  it('so do the tables', () => {
    const { O3, SO2 } = verification().withheld;
    expect((results['Scores of each station'].mean as number) / O3!.priorMae).toBeCloseTo(1, 5);
    expect((results['Scores of all'].mae as number) / SO2!.updatedMae).toBeCloseTo(1, 5);
  });

  it('the concentrations lie where the stations are, and are those of the runs', () => {
    const { Concentrations: found } = results;
    expect(found).toMatchObject({ difference: 0, places: true });
    expect(found.shape).toEqual([24, expect.any(Number)]);
    expect(found.shared).toBeGreaterThan(0);
    const [prior, updated] = [twin.inRun('simulate/prior/ACONC_winter.nc'), twin.inRun('verify/ACONC_winter.nc')].map((path) => {
      const file = IoapiFile.open(path);
      const mean = file.read('PM25', 0, HOURS).reduce((sum, value) => sum + value / (HOURS * TWIN_CELLS), 0);
      file.close();
      return mean;
    });
    expect((found.change as number) / (updated - prior)).toBeCloseTo(1, 3); // of single precision
  });

  it('factors, emissions and uncertainty are there by the names of the groups', () => {
    const nox = ofGroup(
      Float64Array.from(readFactors(twin.inRun('invert', FACTORS_FILE), { grid: twin.grid(), groups: GROUPS }, 'winter').data),
      0,
      GROUPS.length,
    );
    expect(results.Factors).toEqual({ least: Math.min(...nox), most: Math.max(...nox), groups: [...GROUPS] });
    expect(results.Emissions).toMatchObject({ times: 1, same: false, rows: tableOf(twin.inRun('apply/mass_budget.csv')).length });
    expect(results.Uncertainty.groups).toEqual([...GROUPS]);
  });
});
