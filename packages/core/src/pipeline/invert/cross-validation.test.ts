import { caseSchema } from '../../data/case';
import { ownCandidate, withCandidate } from './cross-validation';

const inversion = caseSchema.shape.inversion.parse({
  priorSpread: { NOx: 0.4 },
  sectors: [{ sector: 'power', priorSpread: { NOx: 0.2, SO2: 0.1 } }, { sector: 'ships' }],
});

it('scales every spread of the prior, those of sectors included', () => {
  const scaled = withCandidate(inversion, { ...ownCandidate(inversion), spreadScale: 2 });
  expect(scaled.priorSpread).toEqual({ NOx: 0.8, NH3: 0.24, SO2: 1, VOC: 0.24, 'PM2.5': 1 });
  expect(scaled.sectors).toEqual([
    { sector: 'power', priorSpread: { NOx: 0.4, SO2: 0.2 } },
    { sector: 'ships', priorSpread: {} }, // that of all, which is scaled
  ]);
});

it('changes nothing with the case’s own settings', () => {
  expect(withCandidate(inversion, ownCandidate(inversion))).toEqual(inversion);
});
