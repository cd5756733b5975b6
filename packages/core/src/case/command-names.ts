/** The names in braces that `ctm.command` may hold, each filled in with a value of the run. */

export const COMMAND_NAMES = ['emissions', 'sectors', 'output', 'period', 'run', 'start', 'hours', 'case'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** A name in braces. `${NAME}` is none: it is left to the shell. */
export const NAME_IN_BRACES = /(?<!\$)\{(\w+)\}/g;

export function isCommandName(name: string): name is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(name);
}
