/** The text of a case file as it is put together: lines of YAML, comments, and places that are left to the user. */
import { stringify } from 'yaml';

export class Draft {
  private readonly lines: string[] = [];
  /** what is left to the user, in order */
  readonly open: string[] = [];

  /** A key of its own with a value on the same line, in flow style. */
  add(key: string, value: unknown): void {
    this.lines.push(`${key}: ${flow(value)}`);
  }

  /** A key under which others stand. */
  begin(key: string): void {
    this.lines.push(`${key}:`);
  }

  comment(text: string, indent = ''): void {
    this.lines.push(`${indent}# ${text.replaceAll('\n', ' ')}`);
  }

  /** Marks what follows as open. */
  leaveOpen(text: string, indent = ''): void {
    this.open.push(text);
    this.comment(`OPEN: ${text}`, indent);
  }

  get text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

/** A value on one line; text is quoted where YAML would take it for something else. */
function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trim();
}
