/** `retroplume completion SHELL`: the script by which a shell completes the command line. */
import type { Command } from 'commander';
import { bashCompletion } from '../completion/bash';
import { fishCompletion } from '../completion/fish';
import { completedCommands } from '../completion/words';
import { zshCompletion } from '../completion/zsh';
import { writeOut } from '../terminal';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export type Shell = keyof typeof SCRIPTS;

/** Prints the script on stdout. */
export function completionCommand(shell: Shell, program: Command): void {
  writeOut(SCRIPTS[shell](program.name(), completedCommands(program)));
}
