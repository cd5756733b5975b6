/** Completion for bash 4 and later. It needs no other package. */
import { keysTaken, type CompletedCommand, type Value } from './words';

/** Says what may stand there to the function below it. */
function saying({ kind, words }: Value): string {
  if (kind === 'keys') return 'kind=keys words=$keys';
  return `kind=${kind}${words.length > 0 ? ` words='${words.join(' ')}'` : ''}`;
}

/** What a command takes, as a part of `case`. */
function commandPart({ name, options, places }: CompletedCommand): string {
  const taking = options.flatMap(({ names, value }) => (value ? [{ names, value }] : []));
  const last = places.at(-1);
  const parts = [
    ...taking.map(({ names, value }) => `        ${names.join('|')}) ${saying(value)} ;;`),
    ...places.map(({ value }, i) => `        ${i + 1}) ${saying(value)} ;;`),
    ...(last?.repeats === true ? [`        [0-9]*) ${saying(last.value)} ;;`] : []),
  ];
  return [
    `    ${name})`,
    `      options='${options.flatMap(({ names }) => names[0]).join(' ')}' taking=' ${taking.flatMap(({ names }) => names).join(' ')} '`,
    '      case $2 in',
    ...parts,
    '      esac ;;',
  ].join('\n');
}

/** The script that `source <(retroplume completion bash)` reads. */
export function bashCompletion(program: string, commands: readonly CompletedCommand[]): string {
  return `# Completion of ${program} for bash: source <(${program} completion bash)
_${program}_at() {
  # What a command ($1) takes after an option or at a place ($2).
  local keys='${keysTaken(commands).join(' ')}'
  kind=free words='' options='' taking=''
  case $1 in
${commands.map(commandPart).join('\n')}
  esac
}

_${program}() {
  local kind words options taking line=\${COMP_LINE:0:COMP_POINT} typed cur word command='' option='' place=0 i
  # bash itself takes = and : for ends of words.
  read -ra typed <<< "$line"
  [[ $line == *[[:space:]] ]] && typed+=('')
  cur=\${typed[\${#typed[@]}-1]} COMPREPLY=()
  for ((i = 1; i < \${#typed[@]} - 1; i++)); do
    word=\${typed[i]}
    if [[ $option != '' && $word != -* ]]; then option=''; continue; fi
    option=''
    case $word in
      --*=*) ;;
      -*) _${program}_at "$command" ''; [[ $taking == *" $word "* ]] && option=$word ;;
      *) if [[ $command == '' ]]; then command=$word; else place=$((place + 1)); fi ;;
    esac
  done
  case $cur in
    --*=*) option=\${cur%%=*} cur=\${cur#*=} ;;
    -*) option='' ;;
  esac
  if [[ $command == '' ]]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$cur"))
    return
  fi
  _${program}_at "$command" "\${option:-$((place + 1))}"
  if [[ $option == '' && $cur == -* ]]; then kind=words words=$options; fi
  case $kind in
    words) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    list)
      word=\${cur%"\${cur##*,}"}
      COMPREPLY=($(compgen -P "$word" -W "$words" -- "\${cur##*,}"))
      compopt -o nospace ;;
    keys)
      [[ $cur == *=* ]] || COMPREPLY=($(compgen -S = -W "$words" -- "$cur"))
      compopt -o nospace ;;
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
  esac
}
complete -F _${program} ${program}
`;
}
