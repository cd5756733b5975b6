import type { Command } from 'commander';
import { GROUP } from './help';
import { buildProgram } from './program';

/** What `--help` prints, with what stands after the options. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const names = buildProgram().commands.map((command) => command.name());

/** The words of the example that a command's help ends with. */
const exampleOf = (name: string): string[] => {
  const command = buildProgram().commands.find((each) => each.name() === name)!;
  return /\nExample:\n {2}retroplume (.*)\n$/.exec(helpOf(command))?.[1].split(' ') ?? [];
};

it.each(names)('%s has an example, which it understands', async (name) => {
  const [first, ...rest] = exampleOf(name);
  expect(first).toBe(name);
  const program = buildProgram();
  const command = program.commands.find((each) => each.name() === name)!;
  const called = jest.fn();
  command.action(called);
  await program.parseAsync([name, ...rest], { from: 'user' });
  expect(called).toHaveBeenCalledTimes(1);
});

it('shows every command in a group', () => {
  const text = helpOf(buildProgram());
  expect(Object.values(GROUP).map((heading) => text.indexOf(`\n${heading}\n`)).every((place, i, all) => place > (i === 0 ? 0 : all[i - 1]))).toBe(true); // prettier-ignore
  expect(text).not.toContain('\nCommands:\n');
  expect(text).toMatch(/Before a run:\n {2}demo[^]*A run:\n {2}run[^]*in their order:\n {2}simulate[^]*Finished runs:\n {2}compare/);
});
