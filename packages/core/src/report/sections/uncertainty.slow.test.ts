import { SECONDS_PER_YEAR } from '../../units/units';
import { significant } from '../html/format';
import { page } from '../page';
import { PageContext } from './page-context';
import type { ReportData, ReportUncertainty } from '../data/report-data';
import { GROUPS, smallGrid, syntheticReport, syntheticUncertainty, writtenText } from '../testing/synthetic-report';

const small = { grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: true };

describe('uncertainty', () => {
  const write = (data: ReportData): string => page(new PageContext(data));

  it('sets the known truth of a twin beside the intervals of totals, strong where they miss it', () => {
    const data = syntheticReport(small);
    const truth = (group: string): number => {
      const { prior, truthFactor } = data.emissions.find((each) => each.group === group)!;
      return Array.from(prior).reduce((sum, value, cell) => sum + value * truthFactor![cell] * 27000 ** 2, 0); // kg s-1
    };
    const found = syntheticUncertainty();
    const around = (group: string, factor: number): [number, number] => [0.9 * factor * truth(group), 1.1 * factor * truth(group)];
    const areas = found.areas.map((area) => ({ ...area, total: { ...area.total, twoSigma: around(area.group, area.group === 'NOx' ? 1 : 2) } }));
    const sectors = [{ sector: 'power', areas: [areas[0]] }];
    const tableOf = (of: ReportData): string => write(of).split('id="table-uncertainty"')[1].split('id="table-innovations"')[0].replace(/\s+/g, ' ');
    const text = tableOf({ ...data, uncertainty: { ...found, areas, sectors } });
    const shown = (group: string): string => significant((truth(group) * SECONDS_PER_YEAR) / 1e9);
    expect(text).toMatch(new RegExp(`NOₓ</td>.*<td[^>]*>${shown('NOx')}</td>.*NH₃</td>.*<td[^>]*><b>${shown('NH3')}</b></td>`));
    expect(text.split('power')[1]).toContain('>–</td>'); // of sectors the truth is not known
    expect(text).toContain('it lies within for 1 of 2 totals');
    expect(tableOf({ ...syntheticReport({ ...small, twin: false }), uncertainty: found })).not.toMatch(/True|totals\./);
  });

  it('says of cells that are constrained in a part of the period alone what the outline on the map leaves out', () => {
    const data = syntheticReport({ ...small, paper: false });
    const captionOf = (parts: readonly number[]): string => {
      const constrained = data.emissions[0].prior.length;
      const emissions = data.emissions.map((each) => ({ ...each, constrained: Float64Array.from({ length: constrained }, (_, i) => parts[i] ?? 0) }));
      return write({ ...data, emissions, uncertainty: syntheticUncertainty() })
        .split('id="emissions"')[1]
        .replace(/\s+/g, ' ');
    };
    const always = 'around the cells that the monitors constrain;';
    const mostly = 'around the cells that the monitors constrain in half of the period or more;';
    const seldom = 'The monitors constrain no cell in half of the period or more, some for less:';
    const never = 'The monitors constrain no cell: the change is not a finding.';
    const all = [always, mostly, seldom, never];
    const saidOf = (parts: readonly number[]): string[] => all.filter((text) => captionOf(parts).includes(text));
    expect([[1], [0.6, 1], [0.4, 0], []].map(saidOf)).toEqual(all.map((text) => [text]));
  });

  it('shows the fall of uncertainty by which a total is constrained or not, and which was expected', () => {
    // An update that nears a bound narrows its total without any monitor: 30 ± 50 % where the prior was 100 ± 80 %.
    const [nox, nh3] = syntheticUncertainty().areas;
    const total = { ...nh3.total, priorSigma: 80, updated: 30, sigma: 15, reduction: 0.04 };
    const uncertainty = { ...syntheticUncertainty(), areas: [nox, { ...nh3, total }] };
    const text = write({ ...syntheticReport(small), uncertainty })
      .split('id="table-uncertainty"')[1]
      .split('</table>')[0];
    const cells = text.split('</tr>').map((row) => [...row.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, cell]) => cell.replace(/\s/g, ' ')));
    const rowOf = (words: string): string[] => cells.find((row) => row.some((cell) => cell.startsWith(words)))!.slice(-4);
    expect(rowOf('3.15 ± 12')).toEqual(['−70 %', '−60 %', '120.0', 'yes']);
    expect(rowOf('3.15 ± 80')).toEqual(['−4 %', '–', '0.0', 'no']);
  });

  it('calls no group unconstrained of which a region’s total is known', () => {
    const [nox, nh3] = syntheticUncertainty().areas;
    const ofRegion = (constrained: boolean): ReportUncertainty => {
      const area = { ...nh3, region: 'North', total: { ...nh3.total, constrained } };
      return { ...syntheticUncertainty(), areas: [nox, nh3, area] };
    };
    const says = (uncertainty: ReportUncertainty): boolean => write({ ...syntheticReport(small), uncertainty }).includes('Not constrained by these');
    expect([says(ofRegion(false)), says(ofRegion(true))]).toEqual([true, false]);
  });

  it('says what the monitors do not constrain, in words, in tables and on maps', () => {
    const data = syntheticReport(small);
    const field = (on: (cell: number) => boolean): Float32Array => Float32Array.from({ length: 48 * 48 }, (_, cell) => (on(cell) ? 1 : 0));
    const emissions = data.emissions.map((each) => ({ ...each, constrained: field((cell) => each.group === 'NOx' && cell % 48 < 24) }));
    const write2 = (over: Partial<ReportUncertainty> = {}): string =>
      write({ ...data, emissions, unconstrainedGroups: ['NH3'], uncertainty: { ...syntheticUncertainty(), ...over } });
    const text = write2();
    const section = text.slice(text.indexOf('id="uncertainty"'), text.indexOf('id="surrogate"'));
    expect(section).toMatch(/Not constrained by these monitors: NH₃\.<\/b>/);
    expect(section).toMatch(/70\s%\s+of\s+NOₓ/);
    expect(section).toMatch(/8704\s+values hold some 150 independent pieces/);
    expect(section).not.toContain('Beside these');
    expect(section).not.toContain('of σ as given');
    const [innovation] = syntheticUncertainty().innovations;
    // chi² of 2482 over an expectation of 2153 is 1.15, without the weight of the species 0.66.
    const weighted = write2({ innovations: [{ ...innovation, weight: 1.75 }] });
    expect(weighted).toMatch(/of σ as given/);
    expect(write2({ innovations: [{ ...innovation, weight: 1.004 }] })).not.toContain('of σ as given'); // a gap of some monitor
    expect(weighted).toMatch(/<td[^>]*>1\.15<\/td>\s*<td[^>]*>0\.66<\/td>/);
    expect(write2({ aboveMinimum: 0.019 })).not.toContain('above the lowest');
    expect(write2({ aboveMinimum: 0.31 })).toMatch(/The cost at the kept step is 31\s%\s+above\s+the\s+lowest/);
    const beside = write2({ dofsEstimateBeside: { nuisance: 50.7, initialConcentrations: 3 } });
    expect(beside).toMatch(/Beside these they hold some 51 on biases of monitors and other nuisance numbers and some 3 on initial concentrations\./);
    const [area] = syntheticUncertainty().areas;
    const of = (groups: readonly string[], notInvertedGroups?: string[]): string => {
      const areas = groups.map((group) => ({ ...area, group: group }));
      return write({ ...data, notInvertedGroups, uncertainty: { ...syntheticUncertainty(), areas } });
    };
    expect(of(GROUPS)).not.toContain('without figures here');
    const some = GROUPS.filter((group) => group !== 'VOC' && group !== 'NH3');
    expect(of(some, ['NH3', 'VOC'])).toMatch(/Not inverted, and without figures here: NH₃ and VOC\./);
    // Of a group that is inverted, and that nothing emits or nothing may change, there is no total.
    expect(of(some, ['VOC'])).toMatch(
      /Not inverted, and without figures here: VOC\. Not emitted, or with a prior spread of 0, and without figures here: NH₃\./,
    );
    expect(section).toMatch(/too large by more than\s+83\s*%/);
    expect(section).toContain('table-coverage');
    expect(section).toMatch(/Lasting, shown/);
    expect(section).toMatch(/<td[^>]*>0\.710\sppb<\/td>\s*<td[^>]*>–<\/td>\s*<td[^>]*>35\s%<\/td>/);
    expect(section).toMatch(/<td[^>]*>35\s%<\/td>\s*<td[^>]*>54\skm<\/td>\s*<td[^>]*>–<\/td>/);
    expect(section).toMatch(/Expected before the run/);
    expect(text.match(/class="outline"/g)).toHaveLength(GROUPS.length);
    expect(text).toContain('The monitors constrain no cell');
    const totals = text.slice(text.indexOf('table-totals'), text.indexOf('table-inventory-error'));
    expect(totals.match(/% ‡/g)).toHaveLength(1);
    expect(totals).toContain('‡ total not constrained by the monitors');
    expect(writtenText(text)).not.toMatch(/NaN|undefined|Infinity|\[object/);
    const ensemble = write2({ method: 'rto', members: 20, surrogates: 3, coverage: undefined, preview: undefined });
    expect(ensemble).toMatch(/From 20 inversions with perturbed observations/);
    expect(ensemble).not.toMatch(/table-coverage|Expected before/);
    expect(write(data)).not.toMatch(/id="uncertainty"|class="outline"|‡/);
  });
});
