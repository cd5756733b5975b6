/** One change of the emissions, told to `certify` in every way that a case can tell it: the same figures, which are those of the files. */
import { SPECIES } from '../../base/species';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import type { Certificate, PairResponse } from '../../surrogate/judgement/certificate';
import type { ResponseFigures } from '../../surrogate/judgement/response-comparison';
import type { StageContext, StageEvent } from '../../run/engine/stage';
import { SMALL_TRAINING } from '../../run/testing/small-settings';
import { SmallTwin } from '../../run/testing/small-twin';
import { certifyStage } from '../../run/stages/certify-stage';

const HOURS = 40;
const SPIN_UP = 9;
const FACTOR = 1.3;
const NO_RUNS = ['response.groups=[]', 'certificate.factors=[]', 'certificate.patches.count=0'];
const SETTINGS = [...SMALL_TRAINING, `response.factor=${FACTOR}`, 'certificate.pairs=[{group: NOx, species: NO2}]'];

const twin = new SmallTwin({ hours: HOURS, spinUpHours: SPIN_UP, stations: 12 }, SETTINGS);
let events: StageEvent[];
let evaluated: Certificate;

async function certified(settings: string[]): Promise<Certificate> {
  events = await twin.run(settings, ['certify']);
  return twin.read('certify/certificate.json');
}

beforeAll(async () => {
  await twin.run([], ['simulate', 'prepare', 'train', 'evaluate']);
  evaluated = await certified(['certificate.factors=[]', 'certificate.patches.count=0']);
});

/** Of a run of `simulate`. */
const file = (name: string, what = 'ACONC', period = '{period}'): string => twin.inRun('simulate', name, `${what}_${period}.nc`);
const given = (name: string, made: string): string => `{name: ${name}, emissions: "${file(made, 'EMIS')}", concentrations: "${file(made)}"}`;

/** Means over all cells and the compared hours, from the spin-up on every third one, of what a run changes, in ppb and µg m-3. */
function changesInFiles(name: string, period: string): number[] {
  const [changed, prior] = [name, 'prior'].map((each) => IoapiFile.open(file(each, 'ACONC', period)));
  try {
    return ['NO2', 'SO2', 'O3', 'PM25'].map((variable) => {
      let [sum, n] = [0, 0];
      for (let hour = SPIN_UP; hour < HOURS; hour += 3) {
        const before = prior.read(variable, hour, 1);
        changed.read(variable, hour, 1).forEach((value, cell) => ((sum += value - before[cell]), n++));
      }
      return sum / n;
    });
  } finally {
    changed.close();
    prior.close();
  }
}

/** The same to the single precision of files and surrogate. */
function expectAlike(found: ResponseFigures, as: ResponseFigures): void {
  for (const key of ['slope', 'ctmChange', 'surrogateChange', 'relativeSize'] as const) {
    expect([key, found[key] / as[key]]).toEqual([key, expect.closeTo(1, 2)]);
  }
  for (const key of ['r', 'cosine'] as const) expect(found[key]).toBeCloseTo(as[key], 3);
}

/** Of runs that change a group alone, not of members. */
const alone = ({ pairs }: Certificate): PairResponse[] => pairs.filter(({ figures }) => !figures.part);
const ofPairs = (certificate: Certificate): string[] =>
  alone(certificate).map(({ group, species, period, runs }) => `${group}>${species} ${period} ${runs.join('+')}`);
const pairOf = ({ pairs }: Certificate, period: string, species = 'NO2'): PairResponse =>
  pairs.find((pair) => pair.group === 'NOx' && pair.species === species && pair.period === period)!;

it('the changes are those of the files', () => {
  for (const period of ['winter', 'summer']) {
    const changes = changesInFiles('response-NOx', period);
    expect(pairOf(evaluated, period).figures.ctmChange / changes[0]).toBeCloseTo(1, 3);
    expect(pairOf(evaluated, period, 'O3').figures.ctmChange / changes[2]).toBeCloseTo(1, 3);
  }
});

it('hardly any response is told only where it is asked for', async () => {
  const winter = (of: Certificate): string[] =>
    alone(of)
      .filter(({ period }) => period === 'winter')
      .map(({ species }) => species);
  expect(winter(evaluated)).toEqual(['NO2', 'O3', 'PM2.5']);
  const asked = await certified(['certificate.factors=[]', 'certificate.patches.count=0', 'certificate.pairs=[{group: NOx, species: SO2}]']);
  expect(winter(asked)).toEqual(['NO2', 'SO2', 'O3', 'PM2.5']);
  expect(pairOf(asked, 'winter', 'SO2').figures.ctmChange).toBeCloseTo(changesInFiles('response-NOx', 'winter')[1], 5);
});

it('by a factor of its own runs', async () => {
  const own = await certified([...NO_RUNS, `certificate.factors=[${FACTOR}]`]);
  expect(ofPairs(own)).toEqual(ofPairs(evaluated).map((of) => of.replace('response-NOx', `NOx-x${FACTOR}`)));
  alone(own).forEach(({ figures }, i) => expectAlike(figures, alone(evaluated)[i].figures));
});

it('in a patch as large as the domain', async () => {
  const patched = await certified([...NO_RUNS, `certificate.patches={count: 1, cells: 12, factor: ${FACTOR}}`]);
  const { rings } = patched;
  expect(alone(patched)).toEqual([]);
  expect(rings.map(({ species, period }) => `${species} ${period}`)).toEqual(
    ['winter', 'summer'].flatMap((period) => SPECIES.map((species) => `${species} ${period}`)),
  );
  for (const { group, species, period, patches, ring, figures } of rings) {
    expect({ group, patches, ring }).toEqual({ group: 'NOx', patches: 1, ring: { fromKm: 0, toKm: 0 } });
    const pair = pairOf(evaluated, period, species);
    if (pair) expectAlike(figures, pair.figures);
  }
});

it('by a run that the case brings, alone and beside others', async () => {
  const brought = await certified([...NO_RUNS, `certificate.runs=[${given('outside', 'response-NOx')}]`]);
  expect(ofPairs(brought)).toEqual(ofPairs(evaluated).map((of) => of.replace('response-NOx', 'outside')));
  alone(brought).forEach(({ figures }, i) => expectAlike(figures, alone(evaluated)[i].figures));

  const lower = await certified([...NO_RUNS, 'certificate.factors=[0.5]']);
  const all = await certified(['certificate.factors=[0.5]', 'certificate.patches.count=0', `certificate.runs=[${given('outside', 'response-NOx')}]`]);
  for (const period of ['winter', 'summer']) {
    const { runs, figures } = pairOf(all, period);
    expect(runs).toEqual(['response-NOx', 'NOx-x0.5', 'outside']);
    const mean = (key: 'ctmChange' | 'surrogateChange'): number =>
      (2 * pairOf(evaluated, period).figures[key] + pairOf(lower, period).figures[key]) / 3;
    expect(figures.ctmChange).toBeCloseTo(mean('ctmChange'), 4);
    expect(figures.surrogateChange).toBeCloseTo(mean('surrogateChange'), 4);
  }
  const ofFreeRuns = /^(prior|NOx-x0\.5|outside), (winter|summer)$/;
  const progress = events.flatMap((event) => (event.kind === 'progress' && ofFreeRuns.test(event.text) ? [event] : []));
  expect(progress.every(({ done, total }) => done >= 0 && done <= total)).toBe(true);
  expect(progress.at(-1)).toMatchObject({ done: progress.at(-1)!.total });
});

it('one of several groups belongs to no pair', async () => {
  const certificate = await certified([...NO_RUNS, `certificate.runs=[${given('mixed', 'member01')}]`]);
  const joint = certificate.joint.filter(({ run }) => run === 'mixed');
  expect(alone(certificate)).toEqual([]);
  expect(joint.map(({ run, species, period }) => `${run} ${species} ${period}`)).toEqual(
    ['winter', 'summer'].flatMap((period) => SPECIES.map((species) => `mixed ${species} ${period}`)),
  );
  for (const { groups, species, period, figures } of joint) {
    expect(groups).toEqual(['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5']);
    expect(figures.ctmChange / changesInFiles('member01', period)[SPECIES.indexOf(species)]).toBeCloseTo(1, 3);
  }
});

it('every file that the case brings decides the certificate', () => {
  const sensitivity = `{name: a, group: NOx, files: "${file('member02')}", variables: {NO2: NO2}}`;
  const settings = [`certificate.runs=[${given('outside', 'member01')}]`, `certificate.sensitivities=[${sensitivity}]`];
  const paths = certifyStage.inputs({ caseSettings: twin.load(settings) } as StageContext);
  const wanted = ['winter', 'summer'].flatMap((period) => [
    file('member01', 'EMIS', period),
    file('member01', 'ACONC', period),
    file('member02', 'ACONC', period),
  ]);
  expect([...paths].sort()).toEqual(wanted.sort());
});
