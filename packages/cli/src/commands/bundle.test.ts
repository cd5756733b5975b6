import { buildProgram } from '../program';

it('places of inputs may be given again, each with the ones before', () => {
  const reproduce = buildProgram().commands.find((command) => command.name() === 'reproduce')!;
  reproduce.action(() => undefined).parse(['b.tar.gz', '--inputs', '/a=/x', '--inputs', '/a/b=/y'], { from: 'user' });
  expect(reproduce.opts()['inputs']).toEqual([
    { from: '/a', to: '/x' },
    { from: '/a/b', to: '/y' },
  ]);
});
