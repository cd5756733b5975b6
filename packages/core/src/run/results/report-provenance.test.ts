import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadCase } from '../../case';
import { CaseFolder } from '../../case/testing/case-folder';
import { TINY_CASE } from '../../case/testing/tiny-case';
import { RECORD } from '../engine/record';
import { stageDir, type StageContext, type Variant } from '../engine/stage';
import { stageRecord } from '../testing/stage-record';
import { provenanceOf } from './report-provenance';

const cases = new CaseFolder();
const COMMIT = 'd3b6581dc32467b309a90d57b8577bdaddb238c4';

function contextOf(out: string, variant: Variant, file: string): StageContext {
  const caseSettings = loadCase(file, ['inversion.lengthKm=40']);
  return {
    out,
    variant,
    caseSettings,
    settings: { inversion: caseSettings.inversion },
    dirOf: (stage: Parameters<StageContext['dirOf']>[0]) => stageDir(out, stage, variant),
  } as unknown as StageContext;
}

it('tells of stages, defaults and files as the records have them, each file once', () => {
  const file = cases.write(TINY_CASE);
  const out = join(cases.path, 'run');
  const leave = (dir: string, more: Parameters<typeof stageRecord>[2]): void => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, RECORD), JSON.stringify(stageRecord('k', ['product.nc'], { sha256: { 'product.nc': 'ab' }, ...more })));
  };
  const [there, gone] = [join(dirname(file), 'GRIDDESC'), '/elsewhere/gone.nc'];
  writeFileSync(there, 'grid');
  const input = (path: string, bytes: number): { path: string; bytes: number; sha256: string } => ({ path, bytes, sha256: 'cd' });
  const startedAt = '2026-01-02T03:04:05.000Z';
  leave(join(out, 'prepare'), { inputs: [input(there, 4)], startedAt, code: COMMIT });
  // Made by a version whose records do not name the code.
  leave(join(out, 'invert'), { inputs: [input(there, 4), input(gone, 9)], startedAt, versions: { retroplume: '0.0.9' } });
  leave(join(out, 'paper/invert'), { startedAt, code: COMMIT });
  leave(join(out, 'report'), { startedAt });
  try {
    const own = contextOf(out, 'default', file);
    const { stages, settings, defaults, inputs, results } = provenanceOf(own, [own, contextOf(out, 'paper', file)]);
    const common = { seconds: 1, startedAt: new Date(startedAt), device: 'cpu' };
    expect(stages).toEqual([
      { ...common, stage: 'prepare', code: COMMIT },
      { ...common, stage: 'invert', code: 'version 0.0.9' },
      { ...common, stage: 'invert (paper)', code: COMMIT },
    ]);
    expect(settings).toMatchObject({ inversion: { lengthKm: 40 } });
    expect(defaults).toMatchObject({ inversion: { lengthKm: 81 } });
    expect(Object.keys(defaults!)).toEqual(Object.keys(settings));
    expect(inputs).toEqual([
      { path: 'GRIDDESC', bytes: 4, sha256: 'cd', modified: statSync(there).mtime },
      { path: gone, bytes: 9, sha256: 'cd' },
    ]);
    expect(results!.map(({ path }) => path)).toEqual(['prepare/product.nc', 'invert/product.nc', 'paper/invert/product.nc']);
  } finally {
    rmSync(out, { recursive: true });
  }
});
