import type { ReportData } from '../data/report-data';
import { smallGrid, syntheticReport } from '../testing/synthetic-report';
import { PageContext } from './page-context';
import { provenance } from './provenance';

const data = syntheticReport({ grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: false });
const COMMIT = 'd3b6581dc32467b309a90d57b8577bdaddb238c4';

function textOf(over: Partial<ReportData>): string {
  return provenance(new PageContext({ ...data, ...over })).text.replace(/\s+/g, ' ');
}

/** The cells of the rows of a table. */
function rowsOf(text: string, id: string): string[][] {
  const body = text.split(`id="${id}"`)[1].split('<tbody>')[1].split('</tbody>')[0];
  return body.split('</tr>').slice(0, -1).map((row) => row.replace(/<[^>]*>/g, '|').split('|').map((cell) => cell.trim()).filter(Boolean)); // prettier-ignore
}

it('has settings that differ from their default first, with the default beside each, and the others folded', () => {
  const settings = {
    inversion: { lengthKm: 40, priorSpread: { NOx: 0.5, VOC: 0.25 }, groups: ['NOx'], totals: [] },
    surrogate: { window: [{ count: 1, hours: 12 }, { hours: 1, count: 6 }] }, // prettier-ignore
    ctm: { kind: 'command' },
  };
  const defaults = {
    inversion: { lengthKm: 81, priorSpread: { NOx: 0.5, VOC: 0.12 }, groups: ['NOx', 'VOC'], totals: [] },
    surrogate: { window: [{ hours: 12, count: 1 }, { count: 6, hours: 1 }] }, // prettier-ignore
    ctm: {},
  };
  const text = textOf({ settings, defaults });
  expect(rowsOf(text, 'table-settings')).toEqual([
    ['inversion.lengthKm', '40', '81'],
    ['inversion.priorSpread.VOC', '0.25', '0.12'],
    ['inversion.groups', 'NOx', 'NOx, VOC'],
    ['ctm.kind', 'command', '–'],
  ]);
  const [first, folded] = text.split('<details>');
  expect(first).not.toContain('table-settings-default');
  expect(folded).toContain('<summary>3 settings at their default</summary>');
  expect(rowsOf(folded, 'table-settings-default')).toEqual([
    ['inversion.priorSpread.NOx', '0.5'],
    ['inversion.totals', 'none'],
    ['surrogate.window', 'count 1, hours 12; count 6, hours 1'],
  ]);
  // Where nobody knows the defaults, all stand in one table.
  expect(rowsOf(textOf({ settings, defaults: undefined }), 'table-settings')).toHaveLength(7);
});

it('names the code that made each stage, short in the table and in full below', () => {
  const stages = [
    { stage: 'train', seconds: 3, startedAt: new Date(0), device: 'cuda:0', code: COMMIT },
    { stage: 'invert', seconds: 4, startedAt: new Date(0), device: 'cpu', code: `${COMMIT}-dirty, program 0123456789abcdef` },
    { stage: 'verify', seconds: 5 },
  ];
  const text = textOf({ stages });
  expect(rowsOf(text, 'table-stages')).toEqual([
    ['train', '3.0 s', '1970-01-01 00:00 UTC', 'cuda:0', 'd3b6581dc3'],
    ['invert', '4.0 s', '1970-01-01 00:00 UTC', 'cpu', 'd3b6581dc3-dirty, program 0123456789abcdef'],
    ['verify', '5.0 s', '–', '–', '–'],
  ]);
  expect(text).toContain(`Code in full: ${COMMIT}; ${COMMIT}-dirty, program 0123456789abcdef.`);
});

it('has inputs and results with size, date and hash, folded', () => {
  const sha256 = 'ab'.repeat(32);
  const inputs = [
    { path: 'inputs/GRIDDESC', bytes: 1234567, sha256, modified: new Date(Date.UTC(2026, 0, 2)) },
    { path: '/data/<b>.nc', bytes: 12, sha256 },
  ];
  const results = Array.from({ length: 501 }, (_, i) => ({ path: `invert/${i}.nc`, bytes: 1000, sha256 }));
  const text = textOf({ inputs, results });
  expect(text).toContain('<summary>Inputs: 2 files, 1.23 MB, with SHA-256</summary>');
  expect(rowsOf(text, 'table-inputs')).toEqual([
    ['inputs/GRIDDESC', '1\u202f234\u202f567', '2026-01-02 00:00 UTC', sha256].map((cell) => cell.replace(/\s/g, ' ')),
    ['/data/&lt;b&gt;.nc', '12', 'gone, or another size', sha256],
  ]);
  expect(rowsOf(text, 'table-results')).toHaveLength(500);
  expect(text).toContain('And 1 more: record.json of each stage has them.');
});
