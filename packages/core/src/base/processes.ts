/** Processes of this machine, beside this one. */
import { readFileSync } from 'node:fs';

interface ProcessState {
  /** ticks from the start of the machine to that of the process: a number given out anew is another process */
  started: string;
  /** of the group that it is in, the number */
  group: number;
  /** no line of the program runs any more, though it may take a while to go, and longer until its parent has asked after it */
  isEnding: boolean;
}

/** PF_EXITING of Linux. */
const EXITING = 0x4;

/** Fields 5, 9 and 22 of /proc/PID/stat (Linux); undefined where there is no such process, or the system does not tell. */
export function processOf(pid: number): ProcessState | undefined {
  try {
    // The second field, the command in parentheses, may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return { started: fields[19], group: Number(fields[2]), isEnding: (Number(fields[6]) & EXITING) !== 0 };
  } catch {
    return undefined;
  }
}
