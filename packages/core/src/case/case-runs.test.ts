import type { ConfigError } from '../base/errors';
import { judgedPeriods, runsOfPeriod, trainedPeriods } from './case-runs';
import { memberDesigns, memberNames, testMembers, type Case } from './index';
import { CaseFolder } from './testing/case-folder';

const CASE = `name: tiny
grid: { griddesc: GRIDDESC, name: TINY }
periods: [{ name: winter, start: 2026-01-05T00:00:00Z, hours: 216 }]
meteorology: { files: METCRO2D.nc }
emissions:
  files: EMIS.nc
  groups: { NOx: { variables: [NO] }, NH3: { variables: [NH3] }, SO2: { variables: [SO2] }, VOC: { variables: [VOC] }, PM2.5: { variables: [PM25] } }
truth: { factors: truth.nc }
observations: { stations: { file: stations.csv }, twin: {} }
regions: { north: { rows: [4, 7], cols: [0, 9] }, "plain / 平原": { rows: [0, 3], cols: [0, 9] } }
`;

const cases = new CaseFolder();
const load = (members: string): Case => cases.load(`${CASE}members: ${members}\n`);
const refusal = (members: string): ConfigError => cases.failure(`${CASE}members: ${members}\n`);

describe('the ensemble design', () => {
  it('is by default six members on all groups', () => {
    expect(memberDesigns(load('{}'))).toEqual([0, 1, 2, 3, 4, 5].map((index) => ({ name: `member0${index + 1}`, kind: 'random', index })));
  });

  it('lists members on all groups, on one, scalings and regions, in that order', () => {
    const members =
      '{ count: 1, perGroup: 1, scalings: [0.5], regionFactors: [{ region: north, factor: 2 }, { region: plain / 平原, group: NH3, factor: 0.7 }] }';
    const designs = memberDesigns(load(members));
    const groups = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
    expect(designs).toEqual([
      { name: 'member01', kind: 'random', index: 0 },
      ...groups.map((group) => ({ name: `member01-${group}`, kind: 'group', group, index: 0 })),
      ...groups.map((group) => ({ name: `scaling-${group}-x0.5`, kind: 'scaling', group, factor: 0.5 })),
      { name: 'region-north-all-x2', kind: 'region', region: 'north', factor: 2 },
      { name: 'region-plain_平原-NH3-x0.7', kind: 'region', region: 'plain / 平原', group: 'NH3', factor: 0.7 },
    ]);
  });

  it('gives way to the runs that a case brings, whose names then are those of the members', () => {
    const settings = load('{ perGroup: 1, runs: [{ name: a, emissions: E.nc, concentrations: C.nc }] }');
    expect(memberDesigns(settings)).toEqual([]);
    expect(memberNames(settings)).toEqual(['a']);
  });

  it('may have no members on all groups, and then still meets the loss on differences', () => {
    expect(memberNames(load('{ count: 0, scalings: [1.5] }'))).toHaveLength(5);
    expect(refusal('{ count: 0 }').message).toMatch(/training\.differenceWeight: the loss on differences needs members, and there are none/);
  });

  it.each([
    ['{ regionFactors: [{ region: nort, factor: 2 }] }', 'members.regionFactors.0.region: there is no region nort: did you mean north?'],
    ['{ regionFactors: [{ region: constructor, factor: 2 }] }', 'there is no region constructor: known are north, plain / 平原'],
    ['{ scalings: [0] }', 'members.scalings.0: expected more than 0 but received 0'],
    ['{ scalings: [-0.5] }', 'members.scalings.0: expected more than 0 but received -0.5'],
    ['{ scalings: [.nan] }', 'members.scalings.0: expected a number but received NaN'],
    ['{ scalings: [0.5, 1] }', 'members.scalings.1: a factor of 1 changes nothing: remove it'],
    ['{ regionFactors: [{ region: north, factor: 0 }] }', 'members.regionFactors.0.factor: expected more than 0 but received 0'],
    ['{ regionFactors: [{ region: north, group: CO, factor: 2 }] }', 'expected one of NOx, NH3, SO2, VOC, PM2.5 but received "CO"'],
    ['{ scalings: [2, 2] }', 'members: two members would be called scaling-NOx-x2: remove one, or rename its region'],
    ['{ count: 201 }', 'members.count: expected at most 200 but received 201'],
    ['{ count: 150, perGroup: 10, scalings: [2] }', 'make 205 members, but at most 200 are run: ask for fewer'],
  ])('refuses %s', (members, sentence) => {
    const { code, message } = refusal(members);
    expect(code).toBe('CASE_INVALID');
    expect(message).toContain(sentence);
    expect(message.split('\n')).toHaveLength(1);
  });
});

describe('members that are kept for the test', () => {
  const kept = (members: string, asked?: number): string[] => {
    const { members: read, training } = load(members);
    return testMembers({ members: read, training: { ...training, testMembers: asked } });
  };

  it('are the last of the random ones, by default one of six or more', () => {
    expect(kept('{ count: 5 }')).toEqual([]);
    expect(kept('{ count: 6 }')).toEqual(['member06']);
    expect(kept('{ count: 6, perGroup: 1, scalings: [0.5] }')).toEqual(['member06']);
    expect(kept('{ count: 6 }', 0)).toEqual([]);
    expect(kept('{ count: 4 }', 2)).toEqual(['member03', 'member04']);
  });

  it('are the last of those that there are, where none is random', () => {
    expect(kept('{ count: 0, scalings: [0.5, 2] }', 1)).toEqual(['scaling-PM2.5-x2']);
    const runs = ['a', 'b'].map((name) => `{ name: ${name}, emissions: E.nc, concentrations: ${name}.nc }`).join(', ');
    expect(kept(`{ runs: [${runs}] }`, 1)).toEqual(['b']);
  });
});

describe('the runs of a period', () => {
  const weeks = (members: string, response: string): Case =>
    cases.load(
      CASE.replace('hours: 216 }]', `hours: 216 }, { name: spring, start: 2026-04-06T00:00:00Z, hours: 120, members: ${members} }]`) +
        `members: { count: 6 }\nresponse: { groups: [${response}] }\n`,
    );

  it.each([
    ['true', ['prior', 'member01', 'member02', 'member03', 'member04', 'member05', 'member06', 'response-NOx', 'truth']],
    ['judge', ['prior', 'member06', 'truth']],
    ['false', ['prior', 'truth']],
  ])('with members: %s', (members, runs) => {
    const settings = weeks(members, 'NOx');
    const [winter, spring] = settings.periods;
    expect(runsOfPeriod(settings, spring)).toEqual(runs);
    expect(runsOfPeriod(settings, winter)).toContain('response-NOx');
    expect(trainedPeriods(settings).map(({ name }) => name)).toEqual(members === 'true' ? ['winter', 'spring'] : ['winter']);
    expect(judgedPeriods(settings).map(({ name }) => name)).toEqual(members === 'false' ? ['winter'] : ['winter', 'spring']);
  });

  it('must train somewhere', () => {
    const { code, message } = cases.failure(`${CASE.replace('hours: 216', 'hours: 216, members: false')}members: { count: 6 }\n`);
    expect([code, message]).toEqual(['CASE_INVALID', expect.stringContaining('members')]);
  });
});

it('is refused where a run is given as two members', () => {
  const runs = ['a', 'b'].map((name) => `{ name: ${name}, emissions: E.nc, concentrations: C.nc }`).join(', ');
  expect(() => load(`{ runs: [${runs}] }`)).toThrow(/members\.runs: a and b have the same concentrations: give each run its own, or remove one/);
});
