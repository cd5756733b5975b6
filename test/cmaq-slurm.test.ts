/**
 * The scripts of examples/cmaq-slurm, with stand-ins for sbatch, scancel and CMAQ: a job that outlives sbatch, as Slurm's do. With a real Slurm instead where
 * RETROPLUME_TEST_SLURM names its slurm.conf (`test/testing/slurm-cluster.sh start FOLDER 64` starts one).
 */
import { DEFAULT_CHANNELS } from '../packages/core/src/base/species';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CtmRequest } from '../packages/core/src/transport/ctm';
import { ExternalCtm } from '../packages/core/src/transport/external/external-ctm';
import { GRID, readAll, START, temporaryFolder, writeFile } from '../packages/core/src/transport/testing/small-case';

const REAL_SLURM = process.env['RETROPLUME_TEST_SLURM'];
const EXAMPLE = join(__dirname, '../examples/cmaq-slurm');

// Runs the script as a job of its own session, and waits for its end as --wait does.
const SBATCH = `#!/bin/bash
while [[ $1 == --* ]]; do
  case $1 in --wait | --partition=*) shift ;; --job-name) name=$2; shift 2 ;; --output) log=$2; shift 2 ;; *) echo "sbatch: $1?" >&2; exit 64 ;; esac
done
[ -n "\${SBATCH_FAILS:-}" ] && { echo "sbatch: error: Batch job submission failed: Invalid account" >&2; exit 1; }
code="$JOBS/$name.code"
setsid bash -c '"$0" "$@" >"'"$log"'" 2>&1; echo $? >"'"$code"'.new"; mv "'"$code"'.new" "'"$code"'"' "$@" &
echo $! >"$JOBS/$name.pid"
echo "Submitted batch job 4711"
while [ ! -e "$code" ]; do sleep 0.05; done
exit "$(cat "$code")"
`;
const SCANCEL = `#!/bin/bash
[ "$1 $2 $4" = "--quiet --user --name" ] || exit 64
kill -TERM -- "-$(cat "$JOBS/$5.pid")"
echo "$5" >>"$JOBS/cancelled"
`;
const CCTM_DAY = `#!/bin/bash
echo "$DAY after \${RESTART##*/}" >>"$JOBS/days"
case "$(cat "$JOBS/trouble" 2>/dev/null)" in
  "fail $DAY") echo "*** ERROR ABORT in subroutine RDEMIS"; exit 7 ;;
  "hang $DAY") sleep 300 ;;
  streams)
    source "$EXAMPLE/emission-streams.sh"
    echo "$N_EMIS_GR $GR_EMIS_001 $GR_EMIS_LAB_001 $N_EMIS_PT $STK_EMIS_001 $STK_GRPS_001 $STK_EMIS_LAB_001" >>"$JOBS/streams" ;;
esac
cp "$JOBS/$DAY.nc" "$DAY_DIR/ACONC_$DAY.nc"
`;

describe('examples/cmaq-slurm', () => {
  const folder = temporaryFolder();
  const jobs = join(folder.path, 'jobs');
  const output = join(folder.path, 'verify', 'ACONC_july.nc');
  const emissions = join(folder.path, "it's emissions.nc");
  /** Changes what is emitted. */
  const emit = (value: number): string => writeFile(emissions, [{ name: 'NO', units: 'moles/s', value: () => value }], { count: 49 });
  const note = (name: string): string[] => (existsSync(join(jobs, name)) ? readFileSync(join(jobs, name), 'utf8').trim().split('\n') : []);

  beforeAll(() => {
    mkdirSync(jobs);
    const scheduler: Record<string, string> = REAL_SLURM === undefined ? { sbatch: SBATCH, scancel: SCANCEL } : {};
    for (const [name, text] of Object.entries({ ...scheduler, 'cctm-day': CCTM_DAY })) {
      writeFileSync(join(folder.path, name), text);
      chmodSync(join(folder.path, name), 0o755);
    }
    ['20260706', '20260707'].forEach((day, d) =>
      writeFile(
        join(jobs, `${day}.nc`),
        ['NO2', 'SO2', 'O3', 'PM25'].map((name) => ({
          name,
          units: name === 'PM25' ? 'ug m-3' : 'ppbV',
          value: (hour: number) => 24 * d + hour,
        })),
        { start: new Date(START.getTime() + d * 86_400_000) },
      ),
    );
    emit(1);
  });
  beforeEach(() => {
    for (const name of ['days', 'cancelled', 'trouble', 'streams']) rmSync(join(jobs, name), { force: true });
  });
  afterAll(() => {
    folder.remove();
  });

  // In the command: jest gives tests a copy of the environment, which children do not get.
  const environment = `PATH='${folder.path}':$PATH JOBS='${jobs}' EXAMPLE='${EXAMPLE}' WORK='${folder.path}/work' CCTM_DAY='${folder.path}/cctm-day'${REAL_SLURM === undefined ? '' : ` SLURM_CONF='${REAL_SLURM}'`}`;
  const run = (timeoutHours = 1, more = '', request: Partial<CtmRequest> = {}): Promise<void> =>
    new ExternalCtm({
      command: `${environment} ${more} '${EXAMPLE}/run-cmaq.sh' {output} {run} {period} {start} {hours} {sectors}`,
      outputGlob: 'ACONC_*.nc',
      timeoutHours,
      caseFile: '/cases/case.yaml',
      grid: GRID,
      variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' },
      units: DEFAULT_CHANNELS.units,
    }).run({ run: 'updated-pass-2', period: { name: 'july', start: START, hours: 48 }, emissionFiles: [emissions], output, ...request });

  it('tells which day failed and by which exit code; the next try begins with that day', async () => {
    writeFileSync(join(jobs, 'trouble'), 'fail 20260707');
    await expect(run()).rejects.toMatchObject({
      code: 'CTM_COMMAND_FAILED',
      message: expect.stringMatching(/exit code 7 \("\*\*\* ERROR ABORT in subroutine RDEMIS"\)/) as string,
    });
    expect(note('days')).toEqual(['20260706 after ', '20260707 after 20260706']);
    rmSync(join(jobs, 'days'));
    rmSync(join(jobs, 'trouble'));
    await run();
    expect(note('days')).toEqual(['20260707 after 20260706']);
    const simulated = readAll(output).get('O3')!;
    const cells = simulated.length / 48;
    expect(Array.from({ length: 48 }, (_, hour) => simulated[hour * cells])).toEqual(Array.from({ length: 48 }, (_, hour) => hour));
  });

  it('takes no day of other emissions for its own', async () => {
    emit(2);
    await run();
    expect(note('days')).toEqual(['20260706 after ', '20260707 after 20260706']);
  });

  it('waits for the job of an earlier attempt that is still at work on the same days', async () => {
    rmSync(join(folder.path, 'work'), { recursive: true, force: true });
    await run();
    const [own] = readdirSync(join(folder.path, 'work'));
    const [lock, free] = ['lock', 'free'].map((name) => join(folder.path, 'work', own, name));
    const earlier = spawn('flock', [lock, 'sh', '-c', `echo held; sleep 1.5; touch '${free}'`]);
    await once(earlier.stdout, 'data');
    await run();
    expect(existsSync(free)).toBe(true);
  });

  it("names a day's streams as CCTM's run scripts do, of files a day and of one for all days", async () => {
    const day = (d: number): Date => new Date(START.getTime() + d * 86_400_000);
    const groups = {} as never;
    const nox = [{ name: 'NO', units: 'moles/s', value: () => 4 }];
    const nonroad = [0, 1].map((d) => writeFile(join(folder.path, `nonroad day ${d}.nc`), nox, { start: day(d), count: 25 }));
    const [plants, stacks] = ['pt_egu.nc', 'stack_groups.nc'].map((name) => writeFile(join(folder.path, name), nox, { count: 49 }));
    const sectors = [
      { name: 'nonroad', files: nonroad, groups },
      { name: 'pt_egu', label: 'PT_NONEGU', files: [plants], groups, stackGroups: [stacks] },
    ];
    writeFileSync(join(jobs, 'trouble'), 'streams');
    await run(1, '', { run: 'prior', sectors, emissionFiles: [...nonroad, plants] });
    expect(note('streams')).toEqual([0, 1].map((d) => `1 ${nonroad[d]} NONROAD 1 ${plants} ${stacks} PT_NONEGU`));
  });

  it('makes the last day of a period that begins in the middle of one', async () => {
    emit(5);
    const start = new Date(START.getTime() + 5 * 3_600_000);
    await run(1, '', { run: 'late', period: { name: 'july', start, hours: 43 } });
    expect(note('days')).toEqual(['20260706 after ', '20260707 after 20260706']);
    rmSync(join(jobs, 'days'));
    // Two hours of a third day, for which there are neither emissions nor a stand-in: it is begun, and told.
    await expect(run(1, '', { run: 'later', period: { name: 'july', start, hours: 45 } })).rejects.toMatchObject({ code: 'CTM_COMMAND_FAILED' });
    expect(note('days').at(-1)).toBe('20260708 after 20260707');
  });

  it('cancels the job on a time-out', async () => {
    emit(3);
    writeFileSync(join(jobs, 'trouble'), 'hang 20260706');
    await expect(run(1.5 / 3600)).rejects.toMatchObject({ code: 'CTM_TIMEOUT' });
    if (REAL_SLURM !== undefined) {
      const { status, stdout } = spawnSync('squeue', ['--noheader', '--states=PENDING,RUNNING'], { env: { ...process.env, SLURM_CONF: REAL_SLURM } });
      expect({ status, queue: stdout.toString() }).toEqual({ status: 0, queue: '' });
      return;
    }
    const [name] = note('cancelled');
    expect(name).toMatch(/^retroplume-updated-pass-2-july-\d+$/);
    const pid = Number(readFileSync(join(jobs, `${name}.pid`), 'utf8'));
    expect(() => process.kill(-pid, 0)).toThrow(/ESRCH/);
  });

  it('tells when Slurm refuses the job', async () => {
    await expect(run(1, 'SBATCH_FAILS=1 SBATCH_OPTIONS=--partition=nowhere')).rejects.toMatchObject({
      code: 'CTM_COMMAND_FAILED',
      message: expect.stringMatching(
        /exit code 1 \("sbatch: error: Batch job submission failed: Invalid (account|partition name specified)"\)/,
      ) as string,
    });
  });
});
