/** The exported models in Python's ONNX Runtime, and the example of docs/adjoint.md. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from '../../../../../test/testing/describe-where';
import { type Field, type Program } from '../../graph';
import { permute, toOnnxOrder } from '../../graph/definition/onnx-layout';
import { relativeError } from '../../graph/testing/golden';
import { adjointOnnx, jvpOnnx, surrogateOnnx, vjpOnnx } from './onnx-models';
import { variants, surrogateOf, inputsOf, nativeProgram, nativeTangent, evaluate, cotangentOf, sourcesOf, directionsOf } from '../testing/onnx-cases';

/** Checks all models of the folder and runs them on `inputs.json`; one process an import, since Debian's builds of the two share symbols. */
const CHECK = `
import onnx, sys
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
`;
const RUN = `
import json, numpy, onnxruntime, sys
arrays = json.load(open("inputs.json"))
inputs = {name: numpy.array([numpy.nan if x is None else x for x in data], numpy.float32).reshape(shape) for name, (data, shape) in arrays.items()}
results = {}
for path in sys.argv[1:]:
    model = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in model.get_outputs()]
    results[path] = dict(zip(names, model.run(names, {i.name: inputs[i.name] for i in model.get_inputs()})))
json.dump({path: {name: x.ravel().tolist() for name, x in result.items()} for path, result in results.items()}, open("results.json", "w"))
`;
const MODELS = ['surrogate.onnx', 'surrogate-adjoint.onnx', 'surrogate-vjp.onnx', 'surrogate-jvp.onnx'];

/** The first interpreter that has what the models are checked with. */
const python = [process.env['RETROPLUME_TEST_PYTHON'], 'python3', '/usr/bin/python3'].find(
  (command) => command && ['onnx', 'onnxruntime, numpy'].every((names) => spawnSync(command, ['-c', `import ${names}`]).status === 0),
);

describeWhere(python !== undefined, 'no Python with onnx, onnxruntime and numpy', "Python's ONNX Runtime", () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-python-'));
  const example = /```python\n([\s\S]*?)```/.exec(readFileSync(join(__dirname, '../../../../../docs/adjoint.md'), 'utf8'))?.[1] ?? '';

  afterAll(() => rmSync(folder, { recursive: true }));

  function runPython(code: string, cwd: string): string {
    const { status, stdout, stderr } = spawnSync(python!, ['-c', code, ...MODELS], { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(stderr.slice(-2000));
    return stdout;
  }

  test.each(Object.keys(variants))('%s: onnx.checker passes, loss and gradient are those of the native program', async (name) => {
    const surrogate = surrogateOf(variants[name]);
    const inputs = inputsOf(surrogate);
    const all: Record<string, Field> = { ...inputs, grad_concentrations: cotangentOf(inputs.observations), ...directionsOf(inputs) };
    const cwd = join(folder, name);
    mkdirSync(cwd);
    [surrogateOnnx, adjointOnnx, vjpOnnx, jvpOnnx].forEach((make, i) => writeFileSync(join(cwd, MODELS[i]), make(surrogate)));
    const given = Object.entries(all).map(([input, { data, shape }]) => {
      const order = toOnnxOrder(shape.length);
      return [input, [[...permute(data, shape, order)], order.map((axis) => shape[axis])]]; // JSON writes NaN as null
    });
    writeFileSync(join(cwd, 'inputs.json'), JSON.stringify(Object.fromEntries(given)));
    runPython(CHECK, cwd);
    runPython(RUN, cwd);
    const results = JSON.parse(readFileSync(join(cwd, 'results.json'), 'utf8')) as Record<string, Record<string, number[]>>;
    const native = nativeProgram(surrogate, 'float32') as Program<Float32Array>;
    await evaluate(native, all);
    const expected = (output: string): Float32Array => {
      const shape = native.shapeOf(output);
      return permute(native.get(output), shape, toOnnxOrder(shape.length));
    };
    for (const model of MODELS) expect(relativeError(results[model].concentrations, expected('concentrations'))).toBeLessThan(1e-4);
    expect(relativeError(results[MODELS[1]].loss, expected('loss'))).toBeLessThan(1e-4);
    for (const source of sourcesOf(inputs)) {
      expect(relativeError(results[MODELS[1]][`grad_${source}`], expected(`grad_${source}`))).toBeLessThan(1e-4);
      expect(relativeError(results[MODELS[2]][`grad_${source}`], expected(`product_${source}`))).toBeLessThan(1e-4);
    }
    const tangent = permute(nativeTangent(surrogate, 'float32', all), native.shapeOf('concentrations'), toOnnxOrder(4));
    expect(relativeError(results[MODELS[3]].tangent_concentrations, tangent)).toBeLessThan(1e-4);
    native.dispose();
  });

  test('runs the example of docs/adjoint.md, whose misfit falls', () => {
    expect(example.trim().split('\n').length).toBeLessThan(25);
    const losses = [...runPython(example, join(folder, 'lstm-unet')).matchAll(/mean misfit (\S+)/g)].map((match) => Number(match[1]));
    expect(losses).toHaveLength(5);
    expect(losses[4]).toBeLessThan(losses[0]);
  });
});
