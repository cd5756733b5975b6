import { page } from '../page';
import { PageContext } from './page-context';
import type { ReportData } from '../data/report-data';
import { smallGrid, syntheticReport, syntheticUncertainty } from '../testing/synthetic-report';

const SMALL = { grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: false };
const write = (data: ReportData): string => page(new PageContext(data));

it('says which groups were not inverted, and of these not that no monitor measures them', () => {
  const data = syntheticReport(SMALL);
  expect(write(data)).toMatch(/† NH₃ and VOC: no monitor in this case measures them/);
  expect(write(data)).not.toContain('§');
  const left = write({ ...data, notInvertedGroups: ['NOx', 'VOC', 'PM2.5'] });
  expect(left).toMatch(/† NH₃: no monitor in this case measures it/);
  expect(left).toMatch(/§ NOₓ, VOC and PM₂.₅: not inverted in this case/);
  expect(left.slice(left.indexOf('table-totals'))).toMatch(/PM₂.₅ §[^]*§ not inverted: as in the prior/);
});

it('says which groups no monitor of this case measures, and with uncertainty which it does not constrain', () => {
  const data = syntheticReport(SMALL);
  const ozone = { ...data, concentrations: data.concentrations.filter(({ species }) => species === 'O3') };
  expect(write(ozone)).toMatch(/† NH₃, SO₂, VOC and PM₂.₅: no monitor in this case measures them/);
  const text = write({ ...data, unconstrainedGroups: ['NOx', 'NH3', 'VOC'], uncertainty: syntheticUncertainty() });
  expect(text).toMatch(/† NOₓ, NH₃ and VOC: the monitors constrain their totals in no period; changes of these totals are not a finding/);
  expect(text).toContain('† the monitors constrain no total of the group.');
  expect(text).not.toMatch(/no monitor in this case|not seen by any monitor/);
});
