/** What a check has found: what is right, in short, and every problem with its code, its key of the case and a remedy. */
import type { ExaminedCase, KeyPath } from '../../../case';
import { RetroplumeError } from '../../../base/errors';

/** One fault. */
export interface Problem {
  code: string;
  /** where the case asks for it: `case.yaml:12` or `--set key=value` */
  place: string;
  /** key of the case */
  key: string;
  /** one sentence, with what to do */
  message: string;
  /** of the command line, were this the only one: 2 case file, 3 input data, 4 device */
  exitCode: number;
}

const keyText = (path: KeyPath): string => path.map(String).join('.');

export class Findings {
  readonly problems: Problem[] = [];
  /** behind the problems that came as errors */
  readonly errors: RetroplumeError[] = [];
  /** what was looked at and is as it should be */
  readonly right: string[] = [];
  /** what no rule forbids, and would most likely make the result wrong: a sentence each that names the likely cause */
  readonly warnings: string[] = [];
  /** what is no fault, but worth knowing */
  readonly notes: string[] = [];

  /** @param signal - ends the check */
  constructor(
    private readonly whereIs: ExaminedCase['whereIs'],
    readonly signal?: AbortSignal,
  ) {}

  /**
   * Runs one check. An error of ours becomes a problem, unless the same has been found under another key; any other is thrown on.
   *
   * @returns what `call` gives, or undefined if it failed
   */
  async attempt<T>(path: KeyPath, call: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RetroplumeError)) throw error;
      this.add(path, error);
      return undefined;
    }
  }

  /** Whether a problem with this key was found. */
  hasFault(path: KeyPath): boolean {
    const key = keyText(path);
    return this.problems.some((problem) => problem.key === key);
  }

  /** Whether a problem was found with a key of this section. */
  hasFaultWithin(section: string): boolean {
    return this.problems.some(({ key }) => key.split('.')[0] === section);
  }

  private add(path: KeyPath, error: RetroplumeError): void {
    const { code, message, exitCode } = error;
    if (this.problems.some((problem) => problem.code === code && problem.message === message)) return;
    this.errors.push(error);
    this.problems.push({ code, place: this.whereIs(path), key: keyText(path), message, exitCode });
  }
}
