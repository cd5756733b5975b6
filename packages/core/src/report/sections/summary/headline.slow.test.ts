import type { ScoredRun, ScoreRow } from '../../../inversion/scores/score-rows';
import { page } from '../../page';
import { PageContext } from '../page-context';
import type { ReportData } from '../../data/report-data';
import { smallGrid, syntheticCertificate, syntheticReport, syntheticUncertainty } from '../../testing/synthetic-report';
import { isFlagged } from '../audit';

const data = syntheticReport({ grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: false });

function headlineOf(report: ReportData): string {
  const text = page(new PageContext(report));
  return text.slice(text.indexOf('id="headline"')).split('</section>')[0].replace(/<[^>]*>/g, '').replace(/\s+/g, ' '); // prettier-ignore
}

describe('what became of the inventory', () => {
  it('stands beside what became of the errors', () => {
    const field = (value: number): Float32Array => new Float32Array(48 * 48).fill(value);
    const flat = data.emissions.map((each) => ({ ...each, prior: field(1e-10), updated: field(each.group === 'SO2' ? 0.5e-10 : 1.1e-10) }));
    // 1e-10 kg m-2 s-1 over 48 x 48 cells of 27 km and a year of 31 536 000 s
    const total = '5.30';
    const text = headlineOf({ ...data, emissions: flat });
    expect(text).toContain(`(Mt a⁻¹; by region, maps): NOₓ +10 % (${total} → 5.83), NH₃ † +10 % (${total} → 5.83), SO₂ −50 % (${total} → 2.65), VOC`);
    expect(text).toContain('† hardly moved by the monitors');
    const two = [...flat, ...flat.map((each) => ({ ...each, period: 'summer' }))];
    const periods = [...data.periods, { ...data.periods[0], name: 'summer' }];
    expect(headlineOf({ ...data, periods, emissions: two })).toMatch(/winter: NOₓ \+10 %.*summer: NOₓ \+10 %/);
  });

  it('bears a mark where the monitors do not constrain it', () => {
    const text = headlineOf({ ...data, uncertainty: syntheticUncertainty(), unconstrainedGroups: [] });
    expect(text).toMatch(/NOₓ [+−].*, NH₃ ‡ [+−].*‡ total not constrained by the monitors/);
    expect(text).not.toContain('†');
  });
});

describe('how far to trust it', () => {
  it('has what other sections find, and links that lead there', () => {
    const text = headlineOf(data);
    expect(text).toContain('The surrogate passed its certificate');
    expect(text).toContain('Of the emissions, 12 % of SO₂ are changed beyond what the surrogate was trained on');
    expect(text).toContain('1 of 2 totals of regions and periods do not go together with the concentrations at their monitors');
    const audit = data.audit!.map((each) => ({ ...each, rows: each.rows.filter((row) => !isFlagged(row)) }));
    expect(headlineOf({ ...data, audit })).toContain('1 of 1 totals of regions and periods go together with the concentrations at their monitors');
    expect(text).toContain('How far the emissions are known was not asked for');
    expect(text).not.toMatch(/at its bound|median misfit|interpolated|is known not/);
    const whole = page(new PageContext({ ...data, uncertainty: syntheticUncertainty() }));
    const targets = [...whole.matchAll(/href="#([a-z-]+)"/g)].map(([, id]) => id);
    expect(new Set(targets)).toEqual(new Set(targets.filter((id) => whole.includes(` id="${id}"`))));
  });

  it('says nothing good of a surrogate that failed, and what a training on one inventory means', () => {
    const trust = { ...data.trust!, members: 0, groups: [], fields: [] };
    const text = headlineOf({ ...data, trust, certificates: [syntheticCertificate('default', ['winter'], 0.12)] });
    expect(text).not.toContain('passed');
    expect(text).toContain('every change lies beyond what it was shown');
  });

  it('says nothing of monitors that were withheld or watched where none was', () => {
    const certificates = [{ ...syntheticCertificate('default', ['winter'], 0.12), verdict: 'failed' as const }];
    const part = (report: ReportData, id: string, end: string): string => page(new PageContext(report)).split(`id="${id}"`)[1].split(end)[0];
    const banner = (report: ReportData): string => part({ ...report, certificates }, 'certificate-banner', '</aside>').replace(/\s+/g, ' ');
    const captionOf = (report: ReportData): string => part(report, 'inversion', '</section>');
    const stations = data.stations.map((station) => ({ ...station, role: 'used' as const }));
    const inversion = data.inversion!.map((each) => ({ ...each, points: each.points.map((point) => ({ ...point, watched: null })) }));
    expect(banner(data)).toContain('says of the result, on withheld monitors, stands below');
    expect(banner({ ...data, stations })).toContain('says of the result, on the monitors that the inversion used, stands below');
    expect(captionOf(data)).toMatch(/Cost of each inversion and its terms; and the error of its predictions at monitors outside the cost/);
    expect(captionOf({ ...data, inversion })).toContain('Cost of each inversion and its terms.');
  });

  it('tells of factors at their bounds', () => {
    const inversion = data.inversion!.map((each) => ({ ...each, atBound: { NOx: 0.31, SO2: 0.04 } }));
    expect(headlineOf({ ...data, inversion })).toContain('In 31 % of the cells of NOₓ the factor lies at its bound');
  });

  it('has what is left of the gain without the level, and what neighbours know anyway', () => {
    const run = ({ prior }: ScoreRow, relative: number, half = 0.1): ScoredRun => ({
      scores: prior,
      change: { relative, interval: { low: relative - half, high: relative + half }, blocks: 9 },
    });
    const rows = data.scores!.modes[0].rows.map((row) => ({
      ...row,
      interpolated: { each: run(row, -0.41), mean: run(row, -0.23) },
      biasCorrected: { prior: run(row, -0.77), updated: run(row, row.species === 'NO2' ? -0.34 : 0.02) },
    }));
    const text = headlineOf({ ...data, scores: { ...data.scores!, modes: [{ mode: 'default', rows }] } });
    expect(text).toContain('withheld monitors fell for NO₂ (−34 %) and did not clearly change for SO₂ (+2 %), O₃ (+2 %) and PM₂.₅ (+2 %) (scores)');
    expect(text).toContain('changes their error by −41 % for NO₂, −41 % for SO₂, −41 % for O₃ and −41 % for PM₂.₅ (scores)');
  });

  it('says where uncertainty was made, and of a twin how many totals it holds', () => {
    const text = headlineOf({ ...data, uncertainty: syntheticUncertainty() });
    expect(text).not.toContain('not asked for');
    expect(text).toMatch(/own assumptions: uncertainty\. The known truth lies within 2σ for \d of 2 totals\./);
    expect(headlineOf({ ...data, emissions: data.emissions.map((each) => ({ ...each, truthFactor: undefined })), uncertainty: syntheticUncertainty() })).not.toContain('The known truth lies'); // prettier-ignore
  });
});
