/** Tests sit beside what they test (packages), end to end in test/. Packages are taken from their sources, the command from what `tsc -b` has made. */
// Tests load MPI in their own process, whose real environment they cannot write: see `load` in packages/native/src/mpi/mpi.ts.
process.env.UCX_MEM_EVENTS ??= 'no';
// So do they with ONNX Runtime: see `loadRuntime` in packages/core/src/graph/onnx/onnx-model.ts.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

// Of nx, which asks for colours where nobody looks: the command's output would have them.
delete process.env.FORCE_COLOR;
const compileLess = require.resolve('./jest.compile-less.cjs');
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(compileLess)}`.trim();

module.exports = {
  globalSetup: '<rootDir>/test/testing/write-command.mjs',
  testEnvironment: '<rootDir>/jest.environment.cjs',
  testMatch: ['<rootDir>/packages/*/src/**/*.test.ts', '<rootDir>/test/**/*.test.ts', '<rootDir>/tools/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.test.json' }] },
  moduleNameMapper: {
    '^@retroplume/(native|core|cli)$': '<rootDir>/packages/$1/src/index.ts',
    '^@retroplume/core/(.*)$': '<rootDir>/packages/core/src/entries/$1',
    '^(\\.{1,2}/.*)\\.js$': '$1', // of what `import()` loads later
  },
  modulePathIgnorePatterns: ['<rootDir>/packages/.*/dist', '<rootDir>/packages/native/build'],
  // A test's realm looks up every global through an interceptor, which a loop over cells pays for each `Math.abs`.
  sandboxInjectedGlobals: [
    'Array',
    'Float32Array',
    'Float64Array',
    'Infinity',
    'Int32Array',
    'Map',
    'Math',
    'Number',
    'Object',
    'Set',
    'String',
    'Uint8Array',
  ],
  maxWorkers: 3, // for two cores: one often waits for the disk, or for what it started
  testTimeout: 120000,
};
