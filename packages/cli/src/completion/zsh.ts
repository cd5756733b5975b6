/** Completion for zsh, in the words of its own completion system. */
import { keysTaken, type CompletedCommand, type CompletedOption, type Value } from './words';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** Within a part of what _arguments is told. */
const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

/** What _arguments is told of a value. */
function action({ kind, words }: Value, program: string): string {
  switch (kind) {
    case 'words':
      return `(${words.join(' ')})`;
    case 'list':
      return `_sequence compadd - ${words.join(' ')}`;
    case 'keys':
      return `_${program}_keys`;
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'free':
      return ' ';
  }
}

function optionPart({ names, description, value, optional, repeats }: CompletedOption, program: string): string {
  const valuePart = value === undefined ? '' : `${optional ? '::' : ':'}${names[0].slice(2)}:${action(value, program)}`;
  return names.map((name) => quoted(`${repeats ? '*' : ''}${name}[${escaped(description)}]${valuePart}`)).join(' ');
}

function commandPart({ name, options, places }: CompletedCommand, program: string): string {
  const placeParts = places.map(({ name: place, value, repeats }, i) => quoted(`${repeats ? '*' : i + 1}:${place}:${action(value, program)}`));
  return `        ${name}) _arguments ${[...options.map((option) => optionPart(option, program)), ...placeParts].join(' ')} ;;`;
}

/** The script that `source <(retroplume completion zsh)` reads, or that lies in a folder of fpath as `_retroplume`. */
export function zshCompletion(program: string, commands: readonly CompletedCommand[]): string {
  return `#compdef ${program}
# Completion of ${program} for zsh: source <(${program} completion zsh), after compinit
_${program}_keys() {
  compadd -S = -- ${keysTaken(commands).join(' ')}
}
_${program}() {
  local curcontext=$curcontext state line
  local -a commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${escaped(description)}`)}`).join('\n')}
  )
  _arguments -C '(- *)--help[this text]' '(- *)--version[the version]' '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
${commands.map((command) => commandPart(command, program)).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}
