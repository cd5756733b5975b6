import { totalmem } from 'node:os';
import { cgroupLimit, gigabytes, usableMemory } from './process';

const limit = (files: Record<string, string>): number => cgroupLimit((path) => files[path]);
const JOB = '/slurm/uid_7/job_9';

it.each([
  ['no control groups', {}, Infinity],
  ['none that limits memory', { '/proc/self/cgroup': '0::/user.slice\n', '/sys/fs/cgroup/user.slice/memory.max': 'max\n' }, Infinity],
  [
    'a job of Slurm, whose tasks have none of their own',
    {
      '/proc/self/cgroup': `0::${JOB}/step_0/user/task_0\n`,
      [`/sys/fs/cgroup${JOB}/step_0/user/task_0/memory.max`]: 'max\n',
      [`/sys/fs/cgroup${JOB}/memory.max`]: '68719476736\n',
      '/sys/fs/cgroup/slurm/memory.max': '137438953472\n',
    },
    2 ** 36,
  ],
  [
    'a container that sees its own group as the root',
    { '/proc/self/cgroup': '0::/host/path\n', '/sys/fs/cgroup/memory.max': '1073741824\n' },
    2 ** 30,
  ],
  [
    'version 1',
    {
      '/proc/self/cgroup': `5:cpu,cpuacct:/x\n4:memory:${JOB}\n0::/\n`,
      '/sys/fs/cgroup/cpu,cpuacct/x/memory.limit_in_bytes': '1\n',
      [`/sys/fs/cgroup/memory${JOB}/memory.limit_in_bytes`]: '4294967296\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    },
    2 ** 32,
  ],
])('the memory that control groups leave: %s', (_, files, expected) => {
  expect(limit(files)).toBe(expected);
});

it('is never more than the machine has', () => {
  expect(usableMemory()).toBeGreaterThan(0);
  expect(usableMemory()).toBeLessThanOrEqual(totalmem());
});

it.each([
  [1.24e9, '1.2 GB'],
  [64e9, '64 GB'],
  [99.7e9, '100 GB'],
  [136.2e9, '136 GB'],
])('%d bytes are %s', (bytes, text) => expect(gigabytes(bytes)).toBe(text));
