import { namePeriods, partsByName, runOfName, sectorNames, type TimedFile } from './file-names';
import { periodHours, sharedHours, spinUpHours, stretchesOf } from './shared-hours';
import { groupsOf } from './species-groups';

const DAY = 24;
const hour = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 3600e3;
/** Of so many hours. */
const file = (path: string, date: string, hours = 25): TimedFile => ({ path, hours: { first: hour(date), end: hour(date) + hours } });

describe('periods', () => {
  it('are stretches without a gap that all kinds of file share, without a 25th hour', () => {
    const days = ['2017-01-10', '2017-01-11', '2017-01-12', '2017-01-20'].map((date) => file('x', date).hours);
    const other = [{ first: hour('2017-01-11'), end: hour('2017-02-01') }];
    const { periods, short } = periodHours(sharedHours(stretchesOf(days), other));
    expect(periods).toEqual([{ first: hour('2017-01-11'), end: hour('2017-01-13') }]);
    expect(short).toEqual([{ first: hour('2017-01-20'), end: hour('2017-01-21') }]);
  });

  it.each([[48, 0], [96, 24], [120, 24], [144, 48], [216, 72], [744, 72]])('of %d hours have %d of spin-up', (length, hours) => {
    expect(spinUpHours({ first: 0, end: length })).toBe(hours);
  }); // prettier-ignore

  it('are named by a word that all their files have and no other, else by when they begin', () => {
    const hours = ['2017-01-10', '2017-07-10'].map((date) => ({ first: hour(date), end: hour(date) + 2 * DAY }));
    const named = [file('EMIS_cold_20170110.nc', '2017-01-10'), file('EMIS_cold_20170111.nc', '2017-01-11'), file('EMIS_hot.nc', '2017-07-10', 48)];
    const plain = [file('a_20170110.nc', '2017-01-10'), file('a_20170111.nc', '2017-01-11'), file('a_20170710.nc', '2017-07-10', 48)];
    const namesOf = (...kinds: TimedFile[][]): string[] => namePeriods(hours, kinds).map(({ name }) => name);
    expect(namesOf(named)).toEqual(['cold', 'hot']);
    expect(namesOf(plain, named)).toEqual(['cold', 'hot']);
    expect(namesOf(plain)).toEqual(['2017-01', '2017-07']);
  });
});

describe('names of files', () => {
  it('tell members, other runs and the prior run', () => {
    expect(runOfName('/r/member01/EMIS_20170110.nc')).toMatchObject({ member: 'member01' });
    expect(runOfName('/r/conc_member12_july.nc')).toMatchObject({ member: 'member12' });
    expect(runOfName('/r/conc_response-NOx_july.nc')).toEqual({ response: 'response-NOx', isPrior: false });
    expect(runOfName('/r/conc_truth_july.nc')).toEqual({ otherRun: 'truth', isPrior: false });
    expect(runOfName('/r/conc_prior_july.nc')).toEqual({ isPrior: true });
    expect(runOfName('/r/remember1/conc.nc')).toEqual({ isPrior: false });
  });

  it('make sectors of files of the same hours, and one inventory of files that follow one another', () => {
    const dates = ['2017-01-10', '2017-01-11'];
    const dated = (sector: string): TimedFile[] => dates.map((date) => file(`emis_${sector}_${date.replaceAll('-', '')}_12km.nc`, date));
    expect(partsByName(dated('all'), [])).toHaveLength(1);
    const parts = partsByName([...dated('egu'), ...dated('ag')], []);
    expect(parts.map(({ files }) => files.length)).toEqual([2, 2]);
    expect(sectorNames(parts.map(({ stem }) => stem))).toEqual(['egu', 'ag']);
    expect(partsByName([file('spring.nc', '2017-04-01'), file('autumn.nc', '2017-10-01')], [])).toHaveLength(1);
    expect(sectorNames(['e_1.nc', 'e_2.nc'])).toEqual(['s1', 's2']);
  });
});

describe('species', () => {
  const none = (): number => 0;
  it.each([
    ['CB6', ['NO', 'NO2', 'HONO', 'PAR', 'IOLE', 'TOL', 'CO'], ['PAR', 'IOLE', 'TOL']],
    ['SAPRC07', ['NO', 'NO2', 'HONO', 'ALK3', 'ARO1', 'HCHO', 'CO'], ['ALK3', 'ARO1', 'HCHO']],
    ['RACM2', ['NO', 'NO2', 'HONO', 'HC3', 'OLT', 'TOL', 'CO'], ['HC3', 'OLT', 'TOL']],
  ])('of %s are known by their names', (mechanism, names, voc) => {
    const found = groupsOf(names, none);
    expect(found).toMatchObject({
      mechanism,
      groups: { NOx: { variables: ['NO', 'NO2', 'HONO'] }, VOC: { variables: voc }, CO: { variables: ['CO'] } },
    });
  });

  it('give VOC the mean of their molar masses, weighed by moles', () => {
    // (3 x 14 + 1 x 92.14) / 4
    expect(groupsOf(['PAR', 'TOL', 'IOLE'], (name) => ({ PAR: 3, TOL: 1 })[name] ?? 0).groups.VOC.molarMass).toBe(33.5);
  });

  it('of particles are parts, not the sum beside them, coarse ones apart', () => {
    expect(groupsOf(['PM25', 'PEC', 'POC', 'PMFINE_SO4', 'PMC', 'PMCOARSE_SO4'], none)).toMatchObject({
      groups: { 'PM2.5': { variables: ['PEC', 'POC', 'PMFINE_SO4'] }, PMC: { variables: ['PMC', 'PMCOARSE_SO4'] } },
    });
    expect(groupsOf(['PM25'], none).groups['PM2.5']).toEqual({ variables: ['PM25'] });
  });
});
