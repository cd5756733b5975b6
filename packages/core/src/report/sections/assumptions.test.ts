import { page } from '../page';
import { PageContext } from './page-context';
import type { ReportData } from '../data/report-data';
import { smallGrid, syntheticReport, syntheticUncertainty } from '../testing/synthetic-report';

const SMALL = { grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: false };
const write = (data: ReportData): string => page(new PageContext(data));

it('says which groups were not inverted, and not of these that only the prior constrains them', () => {
  const data = syntheticReport(SMALL);
  expect(write(data)).toMatch(/† NH₃ \(0.02\): constrained by the prior only. The inversion moved its factors by less than 0.1 of the spread/);
  expect(write(data)).not.toContain('§');
  const left = write({ ...data, notInvertedGroups: ['NH3', 'VOC', 'PM2.5'] });
  expect(left).not.toContain('constrained by the prior only. The inversion');
  expect(left).toMatch(/§ NH₃, VOC and PM₂.₅: not inverted in this case/);
  expect(left.slice(left.indexOf('table-totals'))).toMatch(/PM₂.₅ §[^]*§ not inverted: as in the prior/);
});

it('takes a group to be constrained by the prior only where it was moved in no period, whatever species the monitors measure', () => {
  const data = syntheticReport({ ...SMALL, periods: ['winter', 'summer'] });
  const moved = (in1: number, in2: number): string =>
    write({
      ...data,
      concentrations: data.concentrations.filter(({ species }) => species === 'O3'),
      emissions: data.emissions.map((each) => (each.group === 'VOC' ? { ...each, movement: each.period === 'winter' ? in1 : in2 } : each)),
    });
  expect(moved(0, 0)).toMatch(/† NH₃ \(0.02\) and VOC \(0.00\): constrained by the prior only/);
  expect(moved(0, 0.4)).toMatch(/† NH₃ \(0.02\): constrained by the prior only/);
  // The paper's method has no prior.
  const paper = { ...data, emissions: data.emissions.map((each) => ({ ...each, movement: undefined })) };
  expect(write(paper)).not.toContain('†');
});

it('says with uncertainty which groups it does not constrain', () => {
  const data = syntheticReport(SMALL);
  const text = write({ ...data, unconstrainedGroups: ['NOx', 'NH3', 'VOC'], uncertainty: syntheticUncertainty() });
  expect(text).toMatch(/† NOₓ, NH₃ and VOC: the monitors constrain their totals in no period; changes of these totals are not a finding/);
  expect(text).toContain('† the monitors constrain no total of the group.');
  expect(text).not.toMatch(/prior only/);
});
