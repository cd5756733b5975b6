/** The process that a test kills: `inversion-child.ts CHECKPOINT OUTPUT BATCH`. Writes result and history when it gets to the end. */
import { writeFileAtomic } from '../../files/checkpoint';
import { invert } from '../solve/invert';
import { plumeTwin, twinProblem, twinSettings } from './plume-twin';

const [checkpoint, output, batch] = process.argv.slice(2);
const { model, prior } = plumeTwin(2, 1);

void invert(
  model,
  twinProblem(prior, 2.5),
  { ...twinSettings, iterations: 60, batch: Number(batch) },
  {
    checkpoint: { path: checkpoint, every: 1 },
  },
).then(({ status, keptIteration, factors, control, history }) =>
  writeFileAtomic(output, JSON.stringify({ status, keptIteration, factors: [...factors], control: [...control], history })),
);
