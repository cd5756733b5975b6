/** Completion for fish. */
import { keysTaken, type CompletedCommand, type Value } from './words';

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** Where `words` may stand. */
function offered({ kind, words }: Value, program: string): string {
  switch (kind) {
    case 'words':
      return `-x -a ${quoted(words.join(' '))}`;
    case 'list':
      return `-x -a ${quoted(`(__fish_append , ${words.join(' ')})`)}`;
    case 'keys':
      return `-x -a '(__${program}_keys)'`;
    case 'files':
      return '-r -F';
    case 'folders':
      return `-x -a '(__fish_complete_directories)'`;
    case 'free':
      return '-x';
  }
}

function commandLines(program: string, { name, options, places }: CompletedCommand): string[] {
  const begin = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
  const flags = (names: readonly string[]): string => names.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' '); // prettier-ignore
  return [
    ...options.map(
      ({ names, description, value }) => `${begin} ${flags(names)}${value ? ` ${offered(value, program)}` : ''} -d ${quoted(description)}`,
    ),
    // Which place it is fish does not count: all places are of one kind, or the first tells.
    ...places.slice(0, 1).map(({ value }) => `${begin} ${value.kind === 'files' ? '-F' : offered(value, program).replace('-x', '-f')}`),
  ];
}

/** The script that `retroplume completion fish | source` reads. */
export function fishCompletion(program: string, commands: readonly CompletedCommand[]): string {
  return [
    `# Completion of ${program} for fish: ${program} completion fish | source`,
    `function __${program}_keys; printf '%s=\\n' ${keysTaken(commands).join(' ')}; end`,
    `complete -c ${program} -f`,
    ...commands.map(
      ({ name, description }) => `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`, // prettier-ignore
    ),
    ...commands.flatMap((command) => commandLines(program, command)),
    '',
  ].join('\n');
}
