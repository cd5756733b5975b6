import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from '../../test/testing/describe-where';

const script = join(__dirname, 'ptx_counts.py');
const HEAD = 'kernel\tinstruction\ttext\tlaunches\tblocks\texecuted\tlanes\tglobalBytes\tsectors\tsharedBytes\twavefronts';
const MMA = 'mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1}, {%r1}, {%r2}, {%f1}';
const ROWS = [
  // Four bytes of every sector, and twice the passes.
  ['slow', 0, 'ld.global.f32 %f1, [%rd1]', 2, 8, 1e9, 32e9, 128e9, 32e9, 0, 0],
  ['slow', 1, 'st.shared.f32 [%r1], %f1', 2, 8, 1e9, 16e9, 0, 0, 64e9, 1e9],
  ['fast', 0, MMA, 1, 4, 1e9, 32e9, 0, 0, 0, 0],
];

describeWhere(spawnSync('python3', ['--version']).status === 0, 'no Python, which ptx_counts is written in', 'ptx_counts.py', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ptx-counts-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function table(...args: string[]): { rows: string[][]; stderr: string; status: number | null } {
    const file = join(folder, 'counts.tsv');
    writeFileSync(file, [HEAD, ...ROWS.map((row) => row.join('\t'))].join('\n') + '\n');
    const { stdout, stderr, status } = spawnSync('python3', [script, file, ...args], { encoding: 'utf8' });
    const lines = stdout.trim().split('\n').slice(2);
    return {
      rows: lines.map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
      stderr,
      status,
    };
  }

  it('adds up what the instructions of a kernel ask for, the one that asks for most first', () => {
    const { rows, status } = table();
    expect(status).toBe(0);
    expect(rows.map(([kernel]) => kernel)).toEqual(['slow', 'fast', 'all']);
    const [, launches, blocks, schedulers, shared, cache, tensor, lanes, sectors, passes] = rows[0];
    expect([launches, blocks, lanes, sectors, passes]).toEqual(['2', '8', '24.0', '8.00', '2.00']);
    // On 132 processors at 1.83 GHz: four instructions or one pass a cycle; 5.5 TB/s; 495 TFLOP/s.
    expect([schedulers, shared, cache, tensor]).toEqual(['2.070', '4.140', '186.182', '0.000']);
    expect(rows[1].slice(3, 7)).toEqual(['1.035', '0.000', '0.000', '4.137']);
    expect(rows[2].slice(3, 7)).toEqual(['3.105', '4.140', '186.182', '4.137']);
  });

  it('lists the instructions of one kernel, and knows of no other', () => {
    const { rows } = table('slow');
    expect(rows.map((row) => [row[1], row[4], row[5]])).toEqual([
      ['0', '8.00', ''],
      ['1', '', '2.00'],
    ]);
    const unknown = table('none');
    expect([unknown.status, unknown.stderr]).toEqual([1, "ptx_counts: expected a kernel with 'none' in its name but there is none\n"]);
  });
});
