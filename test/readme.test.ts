import { programsOf, typeErrors } from './testing/program';

describe('the library example of the README', () => {
  const [code] = programsOf('README.md');

  it('has about 15 lines', () => {
    expect(code.split('\n').length).toBeGreaterThan(8);
    expect(code.split('\n').length).toBeLessThan(22);
  });

  it('fits the public API', () => {
    expect(typeErrors(code)).toEqual([]);
  });
});
