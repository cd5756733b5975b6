/** `retroplume doctor`: what the machine has. */
import { type Finding, describeEnvironment } from '@retroplume/core/machine';
import { DeviceError } from '@retroplume/core/errors';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

function line({ name, found: finding, detail, remedy }: Finding): string {
  const mark = finding ? 'found  ' : 'missing';
  return `${mark}  ${name}: ${detail}${!finding && remedy !== undefined ? `\n         → ${remedy}` : ''}\n`;
}

/** Prints the findings. @throws {DeviceError} `ADDON_MISSING` if something is missing that Retroplume cannot work without */
export async function doctor({ json }: Pick<CommonOptions, 'json'>): Promise<void> {
  const environment = await describeEnvironment();
  const missing = environment.findings.filter((finding) => finding.needed && !finding.found);
  if (json) {
    writeOut(`${JSON.stringify(environment)}\n`);
  } else {
    const { node, platform, cpu, memory, findings } = environment;
    const limit = memory.usableGiB < memory.totalGiB ? `, limited to ${memory.usableGiB} GiB (control group)` : '';
    writeOut(`Node ${node} on ${platform}\n${cpu.cores} x ${cpu.model}\n${memory.totalGiB} GiB memory, ${memory.freeGiB} GiB free${limit}\n\n`);
    for (const finding of findings) writeOut(line(finding));
  }
  if (missing.length === 0) return;
  if (json) process.exitCode = 4;
  else throw new DeviceError('ADDON_MISSING', `${missing.map((finding) => finding.name).join(', ')} missing: run: npm run setup`);
}
