import { problemLine } from './check';

const problem = (message: string): string => problemLine({ code: 'CODE', place: 'case.yaml:3', key: 'withheld', message, exitCode: 2 });

it.each([
  ['EMIS.nc: it is cut short', '  CODE: case.yaml:3: withheld: EMIS.nc: it is cut short\n'],
  ['withheld: the stations fill 1 block', '  CODE: case.yaml:3: withheld: the stations fill 1 block\n'],
  ['case.yaml:3: withheld.fraction: expected less', '  CODE: case.yaml:3: withheld.fraction: expected less\n'],
])('a problem is told with its place and its key, each once: %s', (message, line) => expect(problem(message)).toBe(line));
