/**
 * The values of Huang et al. (2021), doi:10.5194/gmd-14-4641-2021, or where the paper is silent those of its authors' published code.
 * They replace the defaults wherever `mode: paper` is set, and make up `paperMode`. Keys that the paper does not know keep their default.
 */
import type { z } from 'zod';
import { SPECIES, type Species } from '../base/species';
import type { inversionSchema } from './schema/inversion-schema';
import type { surrogateSchema, trainingSchema } from './schema/learning-schema';

interface PaperDefaults {
  surrogate: z.input<ReturnType<typeof surrogateSchema>>;
  training: z.input<ReturnType<typeof trainingSchema>>;
  inversion: z.input<ReturnType<typeof inversionSchema>>;
}

/** Of a case with these species, which all count the same in the loss. */
export const paperDefaultsOf = (species: readonly Species[]): PaperDefaults => ({
  surrogate: {
    mode: 'paper',
    window: [{ count: 24, hours: 1 }],
    tracers: [],
    priorConcentrations: false,
    network: 'lstm-unet',
    initialConcentrations: 'prior',
    hidden: 64,
    // The text concatenates all hidden states, the code passes on the last one only; all of 24 x 64 would make the first convolution dominate everything.
    allStates: false,
    widths: [64, 128, 128],
    batchNorm: true,
    dropout: 0.1,
    headWidth: 64,
    headActivation: 'relu',
  },
  training: {
    iterations: 30000,
    batch: 8,
    optimiser: 'adam',
    learningRate: 1e-3,
    learningRateDecay: 1,
    l2: 1e-4,
    differenceWeight: 0,
    speciesWeights: Object.fromEntries(species.map((name) => [name, 1])),
    noise: 0.01,
    rotation: true,
    earlyStoppingIterations: 1000,
    testFraction: 0.27, // the last 8 days of 30
  },
  inversion: {
    mode: 'paper',
    optimiser: 'sgd',
    iterations: 10000,
    learningRate: 0.1,
    learningRateDecay: 1,
    lengthKm: 0,
    loss: 'l1',
    bound: 3, // "200 %" read as prior + 200 %; the other reading is 2
    factors: 'hour',
    batch: 2,
    stopOnWithheld: false,
  },
});

/** Those of the default species. */
export const paperDefaults = paperDefaultsOf(SPECIES);
