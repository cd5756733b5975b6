import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STAGES } from '@retroplume/core/stages';
import { describeWhere } from '../../../../test/testing/describe-where';
import { buildProgram } from '../program';
import { bashCompletion } from './bash';
import { fishCompletion } from './fish';
import { completedCommands } from './words';
import { zshCompletion } from './zsh';

const commands = completedCommands(buildProgram());

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'completion-'));
  writeFileSync(join(dir, 'case.yaml'), 'name: mine\n');
  mkdirSync(join(dir, 'runs'));
  writeFileSync(join(dir, 'c.bash'), bashCompletion('retroplume', commands));
  writeFileSync(join(dir, 'c.zsh'), zshCompletion('retroplume', commands));
  writeFileSync(join(dir, 'c.fish'), fishCompletion('retroplume', commands));
});
afterAll(() => rmSync(dir, { recursive: true }));

const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

it('knows every command, and of each what its values and arguments are', () => {
  expect(commands.map(({ name }) => name)).toEqual([...buildProgram().commands.map((each) => each.name()), 'help']);
  const run = commands.find(({ name }) => name === 'run')!;
  expect(run.options.find(({ names }) => names[0] === '--stages')?.value).toEqual({ kind: 'list', words: STAGES });
  expect(run.options.find(({ names }) => names[0] === '--set')?.value?.words).toEqual(
    expect.arrayContaining(['inversion.iterations', 'periods.0.hours', 'emissions.groups.NOx.variables']),
  );
});

/** What is offered for the word that a line ends with. */
type Lines = [line: string, offered: string[]][];
const LINES: Lines = [
  ['retroplume inv', ['inventory', 'invert']],
  ['retroplume run --dev', ['--device']],
  ['retroplume run case.yaml --device ', ['auto', 'cpu', 'cuda']],
  ['retroplume run --stages simulate,pre', ['simulate,prepare', 'simulate,preview']],
  ['retroplume invert --set inversion.iter', ['inversion.iterations=']],
  ['retroplume completion ', ['bash', 'zsh', 'fish']],
  ['retroplume help ver', ['verify']],
];

describeWhere(isThere('bash'), 'no bash', 'bash', () => {
  const offered = (line: string): string[] => {
    const script = `source c.bash; compopt() { echo "compopt $*"; }; COMP_LINE=$1 COMP_POINT=\${#1}; _retroplume; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const lines = execFileSync('bash', ['-c', script, 'bash', line], { cwd: dir, encoding: 'utf8' }).split('\n');
    return lines.filter((each) => each !== '' && each !== 'compopt -o nospace');
  };
  it.each([
    ...LINES,
    ['retroplume run --device=c', ['cpu', 'cuda']],
    ['retroplume run --submit --dr', ['--dry-run']],
    ['retroplume run --set a.b=3 --quiet --prec', ['--precision']],
    ['retroplume run ', ['compopt -o default']],
    ['retroplume init a b c', ['compopt -o default']],
    ['retroplume compare runs/a ', ['compopt -o dirnames']],
  ] as Lines)('%s', (line, words) => {
    expect(offered(line)).toEqual(words);
  });
});

/** In a terminal of its own, where the Tab key completes as it does for a user; what is typed, and the arguments that the command gets for it. */
describeWhere(isThere('zsh'), 'no zsh', 'zsh', () => {
  it.each([
    ['retroplume doc\t', 'doctor'],
    ['retroplume run --prec\tfl\t', 'run --precision float32'],
    ['retroplume run --stages simulate,prep\t', 'run --stages simulate,prepare'],
    ['retroplume invert --set inversion.iter\t5', 'invert --set inversion.iterations=5'],
    ['retroplume check ca\t', 'check case.yaml'],
    ['retroplume bundle ru\t', 'bundle runs'],
  ])('%j', (typed, got) => {
    writeFileSync(join(dir, 'rc'), `autoload -U compinit; compinit -u -D; retroplume() { print -r -- "GOT:$*"; }; source c.zsh\n`);
    const input = `source rc\n${typed}\nexit\n`;
    const { stdout } = spawnSync('script', ['-qec', 'zsh -f -i', '/dev/null'], { cwd: dir, input, encoding: 'utf8', env: { ...process.env, TERM: 'dumb' } }); // prettier-ignore
    expect(/GOT:(.*?)\r?\n/.exec(stdout)?.[1]).toBe(got);
  });
});

describeWhere(isThere('fish'), 'no fish', 'fish', () => {
  it.each([...LINES, ['retroplume check ca', ['case.yaml']], ['retroplume bundle ru', ['runs/']]] as Lines)('%s', (line, words) => {
    const stdout = execFileSync('fish', ['-c', 'source c.fish; complete -C $argv[1]', line], { cwd: dir, encoding: 'utf8' });
    expect(stdout.trim().split('\n').map((each) => each.split('\t')[0]).sort()).toEqual([...words].sort()); // prettier-ignore
  });
});
