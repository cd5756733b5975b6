/** What is filled into the command of `ctm.command`: placeholders, as the names in braces that stand for values are called in a command line. */

export const PLACEHOLDERS = ['emissions', 'output', 'period', 'run', 'start', 'hours', 'case'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** A name in braces. `${NAME}` is no placeholder: it is left to the shell. */
export const PLACEHOLDER = /(?<!\$)\{(\w+)\}/g;

export function isPlaceholder(name: string): name is Placeholder {
  return (PLACEHOLDERS as readonly string[]).includes(name);
}
