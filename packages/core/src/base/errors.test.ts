import { errorFigures } from './errors';

const ofAddon = (code: string): Error => Object.assign(new Error('isa: expected at most avx2'), { code });

test.each(['ISA_UNSUPPORTED', 'DEVICE_CUDA_MISSING', 'ADDON_MISSING', 'OUT_OF_MEMORY', 'TRANSPORT_NO_MEMORY'])(
  'what an addon says of the machine (%s) is no fault of ours: exit code 4',
  (code) => {
    expect(errorFigures(ofAddon(code))).toEqual({ code, message: 'isa: expected at most avx2', exitCode: 4 });
  },
);

test('so is too little memory for an array of JavaScript', () => {
  const message = expect.stringMatching(/^the system has no memory for a further array: lower training\.batch, /) as string;
  expect(errorFigures(new RangeError('Array buffer allocation failed'))).toEqual({ code: 'OUT_OF_MEMORY', message, exitCode: 4 });
  expect(errorFigures(new RangeError('Invalid array length')).code).toBe('UNEXPECTED');
});

test.each([
  ['EACCES', 'unlink', /check who owns it and the folder that it is in, and their permissions, or take a folder of your own$/],
  ['ENAMETOOLONG', 'lstat', /give shorter names of files and folders$/],
  ['EIO', 'read', /look at the disk or the network file system that it is on$/],
])('what the system refuses of a file (%s) is no bug: exit code 3', (code, syscall, remedy) => {
  const refused = Object.assign(new Error(`${code}: refused, ${syscall} '/runs/a'`), { code, syscall, path: '/runs/a' });
  const figures = errorFigures(refused);
  expect(figures).toMatchObject({ code: 'FILE_REFUSED', exitCode: 3 });
  expect(figures.message).toMatch(/^\/runs\/a: the system refuses it \(E[A-Z]+: refused, [a-z]+ '\/runs\/a'\): /);
  expect(figures.message).toMatch(remedy);
  expect(errorFigures(Object.assign(refused, { syscall: 'spawn tar' })).code).toBe('UNEXPECTED');
});

test('what a signal gives as its reason is no bug: exit code 130, as of an interrupted run', () => {
  for (const { reason } of [AbortSignal.abort(), { reason: new DOMException('too long', 'TimeoutError') }])
    expect(errorFigures(reason)).toMatchObject({
      code: 'INTERRUPTED',
      exitCode: 130,
      message: expect.stringContaining('the same call goes on') as string,
    });
  expect(errorFigures(AbortSignal.abort(new Error('mine')).reason).code).toBe('UNEXPECTED');
});

test('what nobody foresaw asks for a report: exit code 1', () => {
  const message = 'isa: expected at most avx2 (ENOENT): run again with --verbose to see where, and report it';
  expect(errorFigures(ofAddon('ENOENT'))).toEqual({ code: 'UNEXPECTED', message, exitCode: 1 });
  const told = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
  expect(errorFigures(told).message).toMatch(/^ENOENT: no such file: run again/);
  expect(errorFigures('a text')).toMatchObject({ code: 'UNEXPECTED', exitCode: 1 });
});
