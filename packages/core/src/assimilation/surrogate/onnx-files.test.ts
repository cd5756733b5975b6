/** What the exported files say of themselves, and that nothing stands in them twice. */
import { modelProto } from '../../graph/onnx/schema';
import { Grid, type GridDefinition } from '../../grid/grid';
import { Surrogate } from '../../surrogate/model/surrogate';
import { adjointOnnx, jvpOnnx, surrogateOnnx, vjpOnnx } from './onnx-models';
import { surrogateOf, lstmUnet, paper } from '../testing/onnx-cases';

/** 27 km, as I/O API describes it. */
const GRID = new Grid({
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

describe('the files', () => {
  const surrogate = surrogateOf({ ...lstmUnet, ...paper });
  const read = (bytes: Uint8Array): OnnxFile => modelProto().toObject(modelProto().decode(bytes), { longs: Number }) as OnnxFile;

  test('say what they take and give, with units, window and loss', () => {
    const { graph, metadata_props: metadata } = read(adjointOnnx(surrogate));
    const described = (of: OnnxFile['graph']['input']): string[] =>
      of.map(({ name, doc_string: text, type }) => {
        const dims = type.tensor_type.shape?.dim?.map(({ dim_value: value, dim_param: param }) => param ?? value) ?? [];
        return `${name} [${dims.join(', ')}]: ${text}`;
      });
    expect([...described(graph.input), ...described(graph.output)]).toMatchInlineSnapshot(`
     [
       "emissions [batch, 4, 5, rows, cols]: emissions of NOx (kg m-2 s-1), NH3 (kg m-2 s-1), SO2 (kg m-2 s-1), VOC (kg m-2 s-1), PM2.5 (kg m-2 s-1), means over the window's steps, oldest first",
       "meteorology [batch, 4, 3, rows, cols]: u (m s-1; wind along the grid x axis at 10 m), v (m s-1; wind along the grid y axis at 10 m), T (in the unit of the case's meteorology files); means over the window's steps, the last of which ends with the hour that is predicted",
       "geography [batch, 1, rows, cols]: HT (m)",
       "previous [batch, 4, rows, cols]: concentrations from before the window: NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3)",
       "observations [batch, 4, rows, cols]: observed hourly means at the surface of NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3); may be NaN where the weight is 0",
       "weight [batch, 4, rows, cols]: weights of the observations in the loss, by species and cell, in units of the loss over NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3); 0 where there is none",
       "concentrations [batch, 4, rows, cols]: hourly mean at the surface of NO2 (ppb), SO2 (ppb), O3 (ppb), PM2.5 (µg m-3)",
       "loss []: sum over batch, species and cells of weight times absolute difference of concentrations and observations",
       "grad_emissions [batch, 4, 5, rows, cols]: derivative of the loss with respect to the emissions, in units of the loss: NOx (1/(kg m-2 s-1)), NH3 (1/(kg m-2 s-1)), SO2 (1/(kg m-2 s-1)), VOC (1/(kg m-2 s-1)), PM2.5 (1/(kg m-2 s-1))",
     ]
    `);
    expect(metadata).toMatchInlineSnapshot(`
     [
       {
         "key": "window",
         "value": "[{"count":2,"hours":3},{"count":2,"hours":1}]",
       },
       {
         "key": "meteorology",
         "value": "u v T",
       },
       {
         "key": "geography",
         "value": "HT",
       },
       {
         "key": "loss",
         "value": "sum(weight * abs(concentrations - observations))",
       },
     ]
    `);
  });

  test('say the unit and the meaning of every channel of the weather that a case has by default, and the grid that they were trained on', () => {
    const texts = [
      ['TEMP2', 'inversePbl', 'RN'],
      ['hourSin', 'prior_NO2', 'prior_PM25'],
    ].map((meteorologyNames) => {
      const { graph } = read(surrogateOnnx(new Surrogate({ ...surrogate.description, meteorologyNames }, surrogate.weights)));
      return graph.input
        .find(({ name }) => name === 'meteorology')!
        .doc_string.split(/, (?=\w+ \()|; means/)
        .slice(0, -1);
    });
    expect(texts).toEqual([
      ['TEMP2 (K; temperature at 2 m)', 'inversePbl (m-1; inverse of the boundary-layer height)', 'RN (cm; precipitation per step)'],
      [
        'hourSin (1; sine of the local solar hour)',
        "prior_NO2 (ppb; NO2 of the transport model's prior run)",
        "prior_PM25 (µg m-3; PM2.5 of the transport model's prior run)",
      ],
    ]);
    const { metadata_props: metadata } = read(surrogateOnnx(surrogate, GRID));
    const grid = metadata.find(({ key }) => key === 'grid')!.value;
    expect(new Grid(JSON.parse(grid) as GridDefinition).definition).toEqual(GRID.definition);
  });

  test('hold every name and every array once, and no LSTM where a gradient goes through it', () => {
    for (const bytes of [adjointOnnx(surrogate), vjpOnnx(surrogate), jvpOnnx(surrogate)]) {
      const { node, initializer } = read(bytes).graph;
      expect(new Set(node.map(({ name }) => name)).size).toBe(node.length);
      const arrays = initializer.map(({ dims = [], data_type: type, raw_data: data }) => `${type} ${dims.join(' ')} ${data.toString('hex')}`);
      expect(new Set(arrays).size).toBe(arrays.length);
      expect(node.map(({ op_type: type }) => type)).not.toContain('LSTM');
    }
    expect(read(surrogateOnnx(surrogate)).graph.node.map(({ op_type: type }) => type)).toContain('LSTM');
  });
});

/** What of a model these tests look at. */
interface OnnxFile {
  metadata_props: { key: string; value: string }[];
  graph: Record<
    'input' | 'output',
    { name: string; doc_string: string; type: { tensor_type: { shape?: { dim?: Record<string, string | number>[] } } } }[]
  > & {
    node: { name: string; op_type: string }[];
    initializer: { dims?: number[]; data_type: number; raw_data: Buffer }[];
  };
}
