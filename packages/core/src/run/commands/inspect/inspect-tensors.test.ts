/** What `inspect` says of tensors: those that Retroplume writes, those of others, damaged ones. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeTensors, writeTensors } from '../../../files/checkpoint';
import { temporaryFolder } from '../../../files/testing/shared-data';
import { inspectFile } from './inspect';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

const tensors = new Map([
  ['conv.weight', { data: Float32Array.of(-1, 0, 1, 4), shape: [2, 2] }],
  ['bias', { data: Float64Array.of(NaN, 3), shape: [2] }],
]);

/** As other programs write it: no checksum, types of their own. */
function foreign(header: object): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(4)]);
}

it.each(['weights.safetensors', 'checkpoint.safetensors.previous'])(
  '%s: what it holds, in which ranges, and what is told beside it',
  async (name) => {
    writeTensors(at(name), { tensors, metadata: { what: 'weights', iteration: 7, curve: [1, 2, 3], best: { step: 1, loss: 2 }, pending: null } });
    expect(await inspectFile(at(name))).toEqual({
      path: at(name),
      bytes: readFileSync(at(name)).length,
      kind: 'tensors (safetensors) by Retroplume, whole by their checksum',
      facts: {
        tensors: 2,
        values: 6,
        types: 'F32, F64',
        what: 'weights',
        iteration: 7,
        curve: 'a list of 3',
        best: 'a record of step, loss',
        pending: 'null',
      },
      grids: [],
      variables: [
        { name: 'conv.weight', units: '', shape: '2, 2', min: -1, max: 4, mean: 1, missing: 0, values: 4 },
        { name: 'bias', units: '', shape: '2', min: 3, max: 3, mean: 3, missing: 1, values: 2 },
      ],
      odd: [],
    });
  },
);

it('of another program: as far as its header goes', async () => {
  writeFileSync(at('other.safetensors'), foreign({ __metadata__: { format: 'pt' }, w: { dtype: 'F16', shape: [2, 1], data_offsets: [0, 4] } }));
  expect(await inspectFile(at('other.safetensors'))).toMatchObject({
    kind: 'tensors (safetensors) of another program',
    facts: { tensors: 1, values: 2, types: 'F16', format: 'pt' },
    odd: [{ code: 'NOT_READ', text: 'Retroplume did not write it: it reads only its own' }],
  });
});

const whole = Buffer.from(encodeTensors({ tensors, metadata: {} }));
it.each<[string, Buffer, string]>([
  ['cut in its data', whole.subarray(0, -1), 'CHECKPOINT_CORRUPT'],
  ['changed in its data', Buffer.concat([whole.subarray(0, -1), Buffer.of(1)]), 'CHECKPOINT_CORRUPT'],
  ['cut in its header', whole.subarray(0, 40), 'TENSORS_UNREADABLE'],
  ['of four bytes', whole.subarray(0, 4), 'TENSORS_UNREADABLE'],
  ['whose header is no JSON', Buffer.concat([whole.subarray(0, 10), whole.subarray(11), Buffer.of(0)]), 'TENSORS_UNREADABLE'],
  ['whose header holds no tensors', foreign({ __metadata__: null, w: null }), 'TENSORS_UNREADABLE'],
])('one %s is told as that', async (_, content, code) => {
  writeFileSync(at('bad.safetensors'), content);
  expect(await inspectFile(at('bad.safetensors'))).toMatchObject({ kind: 'tensors (safetensors) that cannot be read', odd: [{ code }] });
});
