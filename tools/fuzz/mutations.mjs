// Ways to spoil a file's bytes. Each takes the bytes and a Random, and returns others; none changes its argument.

/** Whole bytes that readers trip over: signs, ends, the largest, separators. */
const INTERESTING = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x2c, 0x27, 0x2d];

/** Where headers are most bytes matter, so that half of all changes fall into the first two kilobytes. */
function place(bytes, random) {
  return random.below(random.next() < 0.5 ? Math.min(bytes.length, 2048) : bytes.length);
}

export const MUTATIONS = {
  cut: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  flip(bytes, random) {
    const out = Buffer.from(bytes);
    for (let i = 1 + random.below(8); i > 0; i--) out[place(out, random)] ^= 1 << random.below(8);
    return out;
  },
  overwrite(bytes, random) {
    const out = Buffer.from(bytes);
    const at = place(out, random);
    const length = 1 + random.below(16);
    for (let i = at; i < Math.min(out.length, at + length); i++) out[i] = random.pick(INTERESTING);
    return out;
  },
  shuffle(bytes, random) {
    const out = Buffer.from(bytes);
    const length = Math.min(out.length, 4 + random.below(64));
    const at = Math.min(place(out, random), out.length - length);
    for (let i = length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [out[at + i], out[at + j]] = [out[at + j], out[at + i]];
    }
    return out;
  },
  repeat(bytes, random) {
    const at = place(bytes, random);
    const part = bytes.subarray(at, at + 1 + random.below(200));
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
  },
  remove(bytes, random) {
    const at = place(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(32))]);
  },
};

/** Text only: a word, number or line is replaced by one that is as odd as files get. */
const WORDS = [
  '',
  '-',
  'NaN',
  '1e999',
  '-999',
  '9'.repeat(400),
  '"',
  "'",
  'null',
  '\u0000',
  '北京',
  '0x10',
  '1;2',
  '---',
  '&a',
  '*a',
  '!!js',
  '[',
  '{',
  '\t',
  '2019-02-30',
  '24',
];
export const TEXT_MUTATIONS = {
  ...MUTATIONS,
  word(bytes, random) {
    const tokens = bytes.toString('latin1').split(/(?<=[\s,;|])|(?=[\s,;|])/);
    tokens[random.below(tokens.length)] = Buffer.from(random.pick(WORDS)).toString('latin1');
    return Buffer.from(tokens.join(''), 'latin1');
  },
  lines(bytes, random) {
    const lines = bytes.toString('latin1').split('\n');
    const [a, b] = [random.below(lines.length), random.below(lines.length)];
    [lines[a], lines[b]] = [lines[b], lines[a]];
    if (random.next() < 0.3) lines.splice(a, 1);
    return Buffer.from(lines.join('\n'), 'latin1');
  },
};
