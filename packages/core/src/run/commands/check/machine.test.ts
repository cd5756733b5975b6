/** The user's own model: whether its command can be run. */
import { chmodSync, writeFileSync } from 'node:fs';

import { checkedWorld } from '../../testing/checked-world';
import { programOf } from './machine';

const { pathOf, check } = checkedWorld();

test("a model's script that may not be executed", async () => {
  writeFileSync(pathOf('run-cmaq.sh'), '#!/bin/sh\n');
  chmodSync(pathOf('run-cmaq.sh'), 0o644);
  const { problems } = await check([`ctm={kind: command, command: "${pathOf('run-cmaq.sh')} {output}"}`]);
  expect(problems.map(({ message }) => message)).toEqual([`ctm.command: ${pathOf('run-cmaq.sh')} may not be executed: run chmod +x on it`]);
});

test.each([
  ['sbatch --wait run.sh {output}', 'sbatch'],
  ['OMP_NUM_THREADS=4 ./run.sh {output}', './run.sh'],
  ['$HOME/run.sh {output}', undefined],
  ['(cd x; run) > {output}', undefined],
])('the program of %s', (command, program) => expect(programOf(command)).toBe(program));
