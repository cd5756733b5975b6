/** What `inspect` says of models: those that `export` writes, those of others, damaged ones. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelProto } from '../../../graph/onnx/schema';
import { Grid } from '../../../grid/grid';
import { inspectFile } from './inspect';
import { vjpOnnx } from '../../../assimilation/surrogate/onnx-models';
import { surrogateOf } from '../../../assimilation/testing/onnx-cases';
import { temporaryFolder } from '../../../files/testing/shared-data';

const folder = temporaryFolder();
const grid = new Grid({
  name: 'COAST',
  gdtyp: 2,
  pAlp: 30,
  pBet: 45,
  pGam: -40,
  xcent: -40,
  ycent: 36,
  xorig: -189000,
  yorig: -216000,
  xcell: 27000,
  ycell: 27000,
  cols: 14,
  rows: 16,
});
const bytes = vjpOnnx(surrogateOf({ tracers: [{ lifetime: 2 }, { lifetime: 20 }] }), grid);

function inspected(content: Uint8Array): ReturnType<typeof inspectFile> {
  const path = join(folder.path, 'model.onnx');
  writeFileSync(path, content);
  return inspectFile(path);
}

it('says what a model takes and gives, its window and its grid', async () => {
  const { kind, facts, grids, odd } = await inspected(bytes);
  expect(kind).toMatch(/^ONNX model of a surrogate, by Retroplume \d/);
  expect(odd).toEqual([]);
  expect(facts.window).toBe('[{"count":2,"hours":3},{"count":2,"hours":1}]');
  expect(facts['takes emissions']).toMatch(/^\[batch, 4, 5, rows, cols\] emissions of NOx \(kg m-2 s-1\), /);
  expect(Object.keys(facts).filter((key) => key.startsWith('gives '))).toEqual([
    'gives concentrations',
    'gives grad_emissions',
    'gives grad_tracers',
  ]);
  expect(grids).toMatchObject([{ name: 'COAST', cols: 14, rows: 16, cell: [27000, 27000] }]);
});

it.each([
  ['cut short', bytes.subarray(0, 3000)],
  ['a table by that name', Buffer.from('a,b\n1,2\n')],
  ['without a graph', modelProto().encode({ producer_name: 'retroplume' }).finish()],
])('%s is told as that', async (_, content) => {
  expect((await inspected(content)).odd).toEqual([{ code: 'ONNX_UNREADABLE', text: 'it is no ONNX model, or is damaged: export it again' }]);
});

it('one of others is shown as far as it goes, whatever its metadata mean', async () => {
  const graph = { input: [{ name: 'x' }], output: [{ name: 'y' }] };
  const content = modelProto().encode({ producer_name: 'pytorch', graph, metadata_props: [{ key: 'grid', value: 'none' }] }).finish(); // prettier-ignore
  const { facts, grids, odd } = await inspected(content);
  expect([facts, grids]).toEqual([{ 'takes x': '[]', 'gives y': '[]' }, []]);
  expect(odd).toEqual([{ code: 'NOT_READ', text: 'Retroplume did not write it (producer pytorch)' }]);
});
