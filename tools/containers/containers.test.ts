/** The recipes are tried by hand (docs/clusters.md): here, that both do the same, and that what they name is there. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const DOCKER = read('tools/containers/Dockerfile');
const APPTAINER = read('tools/containers/retroplume.def');

/** The shell commands of a recipe, `&&` taken apart, without what only one of the two has. */
function commands(recipe: string): string[] {
  const lines = recipe.split('\n').filter((line) => /^(RUN|\s{4})/.test(line) && !/^\s+exec /.test(line));
  const texts = lines.map((line) => line.replace(/^RUN (--\S+ )*/, '').trim());
  return texts
    .flatMap((text) => text.split(' && '))
    .map((text) => text.replace(/clone (\/mnt\/clone|\.) "?(\$\{APPTAINER_ROOTFS\})?([^"]*)"?/, 'clone CLONE $3'));
}

it('both recipes do the same on the same system', () => {
  expect(commands(APPTAINER).sort()).toEqual(commands(DOCKER).sort()); // Apptainer clones first, outside of the image
  expect(commands(DOCKER)).toHaveLength(7);
  expect(/^From: (.*)$/m.exec(APPTAINER)![1]).toBe(/^FROM (.*)$/m.exec(DOCKER)![1]);
});

it('their commands are of this clone', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...`${DOCKER}${APPTAINER}`.matchAll(/npm run ([\w-]+)/g)].map(([, name]) => name);
  expect(named).toEqual(['setup', 'setup']);
  for (const name of named) expect(scripts).toHaveProperty(name);
  const { bin } = JSON.parse(read('packages/cli/package.json')) as { bin: Record<string, string> };
  const program = '/opt/retroplume/node_modules/.bin/retroplume';
  expect(bin).toHaveProperty('retroplume');
  expect(/^ENTRYPOINT \["(.*)"\]$/m.exec(DOCKER)![1]).toBe(program);
  expect(/^ {4}exec (\S+) "\$@"$/m.exec(APPTAINER)![1]).toBe(program);
  expect(commands(DOCKER)).toContain('cd /opt/retroplume');
});

it('their commands are sound shell, and their own first lines and docs/clusters.md name them', () => {
  for (const command of [...commands(DOCKER), ...commands(APPTAINER)]) expect(spawnSync('sh', ['-n', '-c', command])).toMatchObject({ status: 0 });
  const page = read('docs/clusters.md');
  for (const [recipe, path] of [
    [DOCKER, 'tools/containers/Dockerfile'],
    [APPTAINER, 'tools/containers/retroplume.def'],
  ]) {
    const build = /^# In the clone: (.*)$/m.exec(recipe)![1];
    expect(build).toContain(path);
    expect(page).toContain(build);
  }
});
