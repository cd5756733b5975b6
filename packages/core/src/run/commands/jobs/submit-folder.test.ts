import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../../case';
import { submitChain } from './submit-chain';

it.each(['a "run"', 'a\nrun'])('refuses the run folder %j, which no directive of a script could name, before it makes it', async (name) => {
  const out = join(tmpdir(), `retroplume-${process.pid}`, name);
  const settings = { name: 'demo', file: 'case.yaml', jobs: { scheduler: 'slurm' } } as Case;
  await expect(submitChain(settings, { out, program: ['retroplume'] })).rejects.toMatchObject({
    code: 'SUBMIT_FOLDER',
    message: expect.stringContaining(JSON.stringify(out)) as string,
  });
  expect(existsSync(out)).toBe(false);
});
