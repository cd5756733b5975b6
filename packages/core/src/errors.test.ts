import { errorFigures } from './errors';

const ofAddon = (code: string): Error => Object.assign(new Error('isa: expected at most avx2'), { code });

test.each(['ISA_UNSUPPORTED', 'DEVICE_CUDA_MISSING', 'ADDON_MISSING'])(
  'what an addon says of the machine (%s) is no fault of ours: exit code 4',
  (code) => {
    expect(errorFigures(ofAddon(code))).toEqual({ code, message: 'isa: expected at most avx2', exitCode: 4 });
  },
);

test('what nobody foresaw asks for a report: exit code 1', () => {
  const message = 'isa: expected at most avx2: run again with --verbose to see where, and report it';
  expect(errorFigures(ofAddon('ENOENT'))).toEqual({ code: 'ENOENT', message, exitCode: 1 });
  expect(errorFigures('a text')).toMatchObject({ code: 'UNEXPECTED', exitCode: 1 });
});
