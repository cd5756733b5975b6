/** What `check` says of the wind's directions, and of numbers that no region has. */
import { loadCase } from '../../../case';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../../files/ioapi/ioapi-writer';
import { dotGrid } from '../../../grid/grid';
import { checkedWorld, codes } from '../../testing/checked-world';
import { checkInputs } from './check-case';

const { pathOf, input, check, rewrite } = checkedWorld();

test("MCIP's wind directions: which angle is taken and why; refused where it cannot be known", async () => {
  const meteorology = async (...set: string[]): Promise<string> => (await check(set)).right.find((line) => line.startsWith('meteorology, winter'))!;
  expect(await meteorology()).toBe(
    'meteorology, winter: 1 file, 100 hours; WDIR10 is taken against true north: by its header the file is not of MCIP',
  );
  rewrite('METCRO2D_winter.nc', { description: 'MCIP V5.3.3  FROZEN 08/17/2021' });
  expect(await meteorology()).toMatch(/; WDIR10 of MCIP V5\.3\.3 is turned back by n \(lon - STAND_LON\), n 0\.\d+, STAND_LON -40 \(P_GAM\)$/);
  rewrite('METCRO2D_winter.nc', { description: 'MCIP V4.2  FROZEN 09/30/2013' });
  const result = await check();
  expect(codes(result)).toEqual(['WIND_DIRECTION meteorology.variables.0']);
  expect(result.problems[0].message).toMatch(
    /METCRO2D_winter\.nc: WDIR10 of MCIP V4\.2 cannot be turned to the grid: .*: set meteorology\.cenLon, or give METDOT3D beside it/,
  );
  // at the beginning of a run, too, from the headers
  await expect(checkInputs(loadCase(pathOf('case.yaml')))).rejects.toMatchObject({ code: 'WIND_DIRECTION' });
  expect(await meteorology('meteorology.cenLon=-42')).toMatch(/ by n \(lon - CEN_LON\), n 0\.\d+, CEN_LON -42 \(meteorology\.cenLon\)$/);
});

test('METDOT3D beside WDIR10: that the two do not agree is told, and it is taken where nobody can turn WDIR10', async () => {
  for (const season of ['winter', 'summer']) {
    const met = IoapiFile.open(input(`METCRO2D_${season}.nc`));
    const { time, grid } = met;
    met.close();
    const writer = IoapiWriter.create(input(`METDOT3D_${season}.nc`), { grid: dotGrid(grid), time, layers: 1, variables: ['UWIND', 'VWIND'].map((name) => ({ name, units: 'M/S' })) }); // prettier-ignore
    for (const name of ['UWIND', 'VWIND']) writer.write(name, 0, new Float32Array(time.count * 17 * 17).fill(-5));
    writer.close();
  }
  const both = `meteorology.files=['${input('METCRO2D_{period}.nc')}', '${input('METDOT3D_{period}.nc')}']`;
  const { problems, notes } = await check([both]);
  expect(problems).toEqual([]);
  expect(notes.join('\n')).toMatch(
    /^meteorology, winter: the wind of WDIR10 and that of UWIND, VWIND in METDOT3D's lowest layer lie \d+\.\d° apart/m,
  );
  rewrite('METCRO2D_winter.nc', { description: 'MCIP V4.2  FROZEN 09/30/2013' });
  const old = await check([both]);
  expect(old.problems).toEqual([]);
  expect(old.right.join('\n')).toMatch(
    /^meteorology, winter: 2 files, .*; the wind is UWIND, VWIND of METDOT3D's lowest layers: WDIR10 of MCIP V4\.2 cannot/m,
  );
  expect(old.notes.join('\n')).not.toMatch(/winter: the wind of WDIR10/);
});

describe('numbers that no region has are told', () => {
  const times = (factor: number) => ({ data: (name: string, data: Float32Array): void => void (name !== 'PBL' && data.forEach((value, i) => (data[i] = value * factor))) }); // prettier-ignore
  test('as it is there, nothing is', async () => expect((await check()).notes.join('\n')).not.toMatch(/is a unit wrong|its unit wrong/));

  test.each<[string, () => void, RegExp]>([
    ['emissions times 1e-20', () => rewrite('EMIS_winter.nc', times(1e-20)), /^prior emissions, winter: NOx: a mean of \S+e-\d+ kg m-2 s-1 is less than a ten-thousandth/m],
    ['emissions times 1000', () => rewrite('EMIS_winter.nc', times(1000)), /^prior emissions, winter: NOx: a mean of .* is more than ten times what any region/m],
    ['no wind at all', () => rewrite('METCRO2D_winter.nc', { data: (name, data) => void (name === 'WSPD10' && data.fill(0)) }), /^meteorology, winter: the wind is 0 m s-1 on average/m],
    ['PBL in km', () => rewrite('METCRO2D_winter.nc', { data: (name, data) => name === 'PBL' && data.forEach((value, i) => (data[i] = value / 1000)) }), /^meteorology, winter: PBL is 0\.\d+ m on average/m],
  ])('%s', async (_, damage, says) => {
    damage();
    const { problems, notes } = await check();
    expect(problems).toEqual([]);
    expect(notes.join('\n')).toMatch(says);
    expect(notes.filter((note) => note.includes('summer') && /unit wrong/.test(note))).toEqual([]);
  }); // prettier-ignore
});
