/** In every test file of `npm test -- --fast`: a unit test starts no program but git, which names the code in records. One that does, or that takes seconds, is called NAME.slow.test.ts. */
const programs = require('node:child_process');

for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) {
  const start = programs[name];
  programs[name] = (program, ...rest) => {
    if (program === 'git') return start(program, ...rest);
    throw new Error(`a unit test starts no program but this one starts ${program}: call its file NAME.slow.test.ts`);
  };
}
