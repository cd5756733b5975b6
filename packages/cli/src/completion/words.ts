/** What may stand where on the command line, read from commander's own tree: the list from which the completion of each shell is written. */
import { DEVICE_CHOICES } from '@retroplume/core/machine';
import { STEPS } from '@retroplume/core/commands/bench';
import { caseJsonSchema, type JsonSchema } from '@retroplume/core/case';
import { STAGES } from '@retroplume/core/stages';
import type { Argument, Command, Option } from 'commander';

/** What an option takes, or what stands at a place. */
export interface Value {
  /** `words` of a list; `list`, words with commas between them; `keys`, words that = follows; `free`, what no shell can know */
  kind: 'words' | 'list' | 'keys' | 'files' | 'folders' | 'free';
  words: readonly string[];
}

export interface CompletedOption {
  /** `--out`, and `-h` where there is a short form */
  names: string[];
  description: string;
  /** absent of an option that takes nothing */
  value?: Value;
  /** whether the value can be left out */
  optional: boolean;
  /** whether it may be given again */
  repeats: boolean;
}

export interface CompletedCommand {
  name: string;
  description: string;
  options: CompletedOption[];
  /** arguments in their order; the last may be given again where `repeats` */
  places: { name: string; value: Value; repeats: boolean }[];
}

const words = (list: readonly string[]): Value => ({ kind: 'words', words: list });
const plain = (kind: Value['kind']): Value => ({ kind, words: [] });

/** By the name that a value has in the help, where no choices are given. */
const BY_NAME: Record<string, () => Value> = {
  device: () => words(DEVICE_CHOICES.split(/, | or /).filter((name) => !name.includes('N'))),
  stages: () => ({ kind: 'list', words: STAGES }),
  steps: () => ({ kind: 'list', words: STEPS }),
  months: () => ({ kind: 'list', words: Array.from({ length: 12 }, (_, month) => String(month + 1)) }),
  'key=value': () => ({ kind: 'keys', words: keysOf(caseJsonSchema()) }),
  ...Object.fromEntries(['file', 'path', 'case', 'bundle'].map((name) => [name, () => plain('files')])),
  ...Object.fromEntries(['folder', 'dir', 'run', 'first', 'second'].map((name) => [name, () => plain('folders')])),
  ...Object.fromEntries(['n', 'x', 'MB', 'name', 'FROM=TO', 'op'].map((name) => [name, () => plain('free')])),
};

/** Every key of a case file that holds a value; of lists the first entry. */
function keysOf(schema: JsonSchema, prefix = ''): string[] {
  const forms = [schema, ...(schema.oneOf ?? schema.anyOf ?? [])];
  const keys = forms.flatMap(({ properties, items }) => [
    ...Object.entries(properties ?? {}).flatMap(([key, inner]) => {
      const innerKeys = keysOf(inner, `${prefix}${key}.`);
      return innerKeys.length > 0 ? innerKeys : [`${prefix}${key}`];
    }),
    ...(items ? keysOf(items, `${prefix}0.`) : []),
  ]);
  return [...new Set(keys)];
}

/** @throws {Error} for a name that nothing is known of: a new option needs a line in BY_NAME */
function valueOf(name: string, choices: readonly string[] | undefined): Value {
  if (choices) return words(choices);
  if (!Object.hasOwn(BY_NAME, name)) throw new Error(`completion: nothing is known of the value <${name}>`);
  return BY_NAME[name]();
}

/** The first words of a description, of which some are sentences. */
const brief = (text: string): string => text.split(/[;:(]/)[0].trim();

function optionOf(option: Option): CompletedOption {
  const { flags, description, argChoices, long, short, required, optional, variadic } = option;
  const name = /[<[](.*?)(\.\.\.)?[\]>]/.exec(flags)?.[1];
  return {
    names: [long, short].flatMap((flag) => flag ?? []),
    description: brief(description),
    ...(required || optional ? { value: valueOf(name ?? '', argChoices) } : {}),
    optional,
    repeats: variadic || Array.isArray(option.defaultValue) || name === 'FROM=TO',
  };
}

/** The keys of a case, where a command takes some: a script holds them once. */
export function keysTaken(commands: readonly CompletedCommand[]): readonly string[] {
  const values = commands.flatMap(({ options }) => options.flatMap(({ value }) => value ?? []));
  return values.find(({ kind }) => kind === 'keys')?.words ?? [];
}

/** The commands of a program with their options and arguments, as its help shows them. */
export function completedCommands(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  const names = commands.map((command) => command.name());
  const placeOf = (argument: Argument): CompletedCommand['places'][number] => ({
    name: argument.name(),
    value: argument.name() === 'command' ? words(names) : valueOf(argument.name(), argument.argChoices),
    repeats: argument.variadic,
  });
  return commands.map((command) => ({
    name: command.name(),
    description: brief(command.description()),
    options: help.visibleOptions(command).map(optionOf),
    places: command.registeredArguments.map(placeOf),
  }));
}
