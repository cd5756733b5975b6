/**
 * What the command prints. Names of files, stations and variables in it come from whoever made them, and a terminal takes some characters for commands: it
 * clears what was printed, changes its title or asks the keyboard.
 */
/** Control characters but tab and line break, and those that turn the direction of text round. */
const COMMANDS = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;

/** With such characters as `\u001b`, which JSON reads as the same text. */
export function printable(text: string): string {
  return text.replace(COMMANDS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Prints results, on stdout. */
export function writeOut(text: string): boolean {
  return process.stdout.write(printable(text));
}

/** Prints what is told beside them, on stderr. */
export function writeErr(text: string): boolean {
  return process.stderr.write(printable(text));
}
