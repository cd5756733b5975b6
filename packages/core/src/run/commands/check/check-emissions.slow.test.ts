/** What `check` says of emission files as SMOKE leaves them: a file a day, several months in a folder, few species in a sector. */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { checkedWorld, codes } from '../../testing/checked-world';

const { pathOf, input, check, rewrite } = checkedWorld();

test('daily files that differ in the hour that both hold', async () => {
  const hour = 3600_000;
  rewrite('EMIS_winter.nc', {
    target: 'EMIS_winter_b.nc',
    first: 48,
    time: (t) => ({ ...t, start: new Date(t.start.getTime() + 48 * hour), count: t.count - 48 }),
    data: (_, values) => values.fill(7, 0, 256),
  });
  rewrite('EMIS_winter.nc', { time: (t) => ({ ...t, count: 49 }) });
  const daily = await check();
  expect(daily.problems).toEqual([]);
  expect(daily.notes.filter((note) => note.startsWith('prior emissions'))).toEqual([
    expect.stringMatching(
      /^prior emissions, winter: .*EMIS_winter_b\.nc: NO at 2026-01-07T00:00Z differs from that in .*: the later file's hour counts$/,
    ),
  ]);
  rewrite('EMIS_winter.nc', { target: 'EMIS_winter_c.nc', data: (_, values) => values.fill(8) });
  expect(codes(await check())).toEqual(['FILES_OVERLAP emissions.groups.NOx.variables.0']);
});

test('files of other months in the same folder', async () => {
  const hours = 3600_000;
  for (const name of ['EMIS_winter', 'METCRO2D_winter']) {
    rewrite(`${name}.nc`, { target: `${name}_march.nc`, time: (t) => ({ ...t, start: new Date(t.start.getTime() + 2000 * hours) }) });
  }
  const result = await check();
  expect(result.problems).toEqual([]);
  expect(result.right).toContain('prior emissions, winter: 1 file, 100 hours (1 more holds no hour of the period)');
  const alone = await check(['emissions.files=["inputs/EMIS_summer*", "inputs/EMIS_{period}.nc"]', 'periods.0.start=2026-02-05T00:00:00Z']);
  expect(codes(alone)).toContain('PERIOD_NOT_COVERED emissions.files');
});

test('a link to a file that has been moved away', async () => {
  rmSync(input('EMIS_winter.nc'));
  symlinkSync('/nowhere/EMIS_winter.nc', input('EMIS_winter.nc'));
  expect(codes(await check())).toEqual(['FILE_MISSING emissions.files']);
});

test('a sector whose files lack variables of the groups', async () => {
  rewrite('EMIS_winter.nc', { target: 'ag_winter.nc', variables: (v) => v.filter(({ name }) => name === 'NH3') });
  rewrite('EMIS_summer.nc', { target: 'ag_summer.nc', variables: (v) => v.filter(({ name }) => name === 'NH3') });
  const sector = (more: string): string => `emissions.sectors={ag: {files: "inputs/ag_{period}.nc"${more}}}`;
  const { problems } = await check([sector('')]);
  expect(problems.map(({ code, key }) => `${code} ${key}`)).toEqual(Array(2).fill('VARIABLE_MISSING emissions.sectors.ag.files'));
  expect(problems[1].message).toMatch(
    /ag_summer\.nc: sector ag: expected the \d+ variables .* not there \(NO, .*: set emissions\.sectors\.ag\.partial: true/,
  );
  const partial = await check([sector(', partial: true')]);
  expect(partial.problems).toEqual([]);
  expect(partial.notes[0]).toMatch(/^emissions of ag, winter: \d+ of the \d+ variables of the groups are not in its files and count as zero$/);
  const none = await check([sector(', partial: true, groups: { SO2: { variables: [SO2] } }')]);
  expect(none.problems[0].message).toMatch(/ag_winter\.nc: sector ag: it holds no variable of the groups/);
});

test('a file that two sectors would count', async () => {
  const { problems } = await check(['emissions.sectors={ag: {files: "inputs/EMIS_{period}.nc"}}']);
  expect(problems.map(({ code, key, message }) => `${code} ${key}: ${message}`)).toEqual(
    ['winter', 'summer'].map(
      (period) =>
        expect.stringMatching(
          new RegExp(`^SECTOR_FILES emissions\\.sectors: .*EMIS_${period}\\.nc: the file is in the sectors rest and ag, and would count twice`),
        ) as string,
    ),
  );
});

test('a sector of representative days', async () => {
  // Of the winter, from 5 January on, the first day stands for all others but the last.
  const begin = Date.parse('2026-01-05T00:00:00Z');
  const day = (i: number): string => new Date(begin + i * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  rewrite('EMIS_winter.nc', { target: 'area_first.nc', time: (t) => ({ ...t, count: 25 }) });
  rewrite('EMIS_winter.nc', { target: 'area_last.nc', time: (t) => ({ ...t, start: new Date(begin + 4 * 86_400_000), count: 25 }) });
  rewrite('EMIS_winter.nc', { target: 'area_march.nc', time: (t) => ({ ...t, start: new Date(begin + 60 * 86_400_000), count: 25 }) });
  writeFileSync(pathOf('dates.txt'), `Date,week_N\n${[0, 1, 2, 3, 4].map((i) => `${day(i)},${day(i < 4 ? 0 : 4)}`).join('\n')}\n`);
  const sector = (column: string): string[] => [
    `emissions.sectors={area: {files: "inputs/area_*.nc", dates: {files: dates.txt, column: ${column}}}}`,
    'periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 100}]',
  ];
  const result = await check(sector('week_N'));
  expect(result.problems).toEqual([]);
  expect(result.right).toContain('emissions of area, winter: 2 files, 121 hours (1 more stands for no date of the period)');
  expect(codes(await check(sector('week_Y')))).toEqual(['MERGE_DATES emissions.sectors.area.dates']);
  rmSync(input('area_last.nc'));
  expect(codes(await check(sector('week_N')))).toEqual(['REPRESENTATIVE_DAY emissions.sectors.area.dates']);
  const typo = await check([sector('week_N')[0].replace('column', 'colunm'), sector('week_N')[1]]);
  expect(typo.problems.map(({ message }) => message).join('\n')).toMatch(
    /unknown key emissions\.sectors\.area\.dates\.colunm: did you mean column\?/,
  );
});

test('runs that were brought: one line for all that hold the same, one for each that does not', async () => {
  const names = new Map([
    ['NO', 'O3'],
    ['NO2', 'NO2'],
    ['SO2', 'SO2'],
    ['PM25', 'PM25'],
  ]);
  const run = (name: string, hours: number): string => {
    rewrite('EMIS_winter.nc', {
      target: `${name}_winter.nc`,
      time: (t) => ({ ...t, count: hours }),
      variables: (v) => v.flatMap((each) => (names.has(each.name) ? [{ ...each, name: names.get(each.name)!, units: unitOf(each.name) }] : [])),
    });
    return `{name: ${name}, emissions: "inputs/EMIS_{period}.nc", concentrations: "inputs/${name}_{period}.nc"}`;
  };
  const unitOf = (name: string): string => (name === 'PM25' ? 'ug m-3' : 'ppbV');
  const runs = [run('a', 100), run('b', 100), run('c', 100), run('d', 99)];
  const { problems, right } = await check([
    `members={runs: [${runs.join(', ')}]}`,
    'ctm={kind: command, command: "sh run.sh {output}"}',
    'periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 99}]',
  ]);
  expect(problems).toEqual([]);
  expect(right.filter((line) => /runs?\b.*, winter/.test(line))).toEqual([
    'emissions of 4 runs, winter: 1 file, 100 hours each',
    '3 runs, winter: 1 file, 100 hours each',
    'run d, winter: 1 file, 99 hours',
  ]);
});

test('a molar mass that is wrong is one problem, and not one of each file that would need it', async () => {
  const wrong = 'emissions.groups.NOx.molarMass=.inf';
  const sector = 'emissions.sectors={area: {files: "inputs/EMIS_{period}.nc"}}';
  for (const set of [[wrong], [wrong, sector]]) expect(codes(await check(set))).toEqual(['CASE_INVALID emissions.groups.NOx.molarMass']);
});

test('emissions in mass, of which the reference model needs a molar mass and other models need none', async () => {
  const [perArea, perCell] = ['kg m-2 s-1', 'g/s'].map(
    (units) => (name: string) => rewrite(name, { variables: (v) => v.map((each) => ({ ...each, units })), data: (_, values) => values.fill(1e-9) }),
  );
  for (const write of [perArea, perCell]) {
    for (const period of ['winter', 'summer']) write(`EMIS_${period}.nc`);
    expect(codes(await check())).toEqual([]);
    const without = 'emissions.groups.VOC={variables: [VOC]}';
    const { problems } = await check([without]);
    expect(problems.map(({ code, key }) => `${code} ${key}`)).toEqual(Array(2).fill('UNIT_MOLAR_MASS emissions.groups.VOC.variables.0'));
    expect(problems[0].message).toMatch(
      /EMIS_winter\.nc: VOC \(emissions\.groups\.VOC, for the reference model\): it is in .* that needs a molar mass/,
    );
    expect(codes(await check([without, 'ctm={kind: command, command: "sh run.sh {output}"}']))).toEqual([]);
  }
});
