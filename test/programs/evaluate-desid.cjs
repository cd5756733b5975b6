#!/usr/bin/env node
/**
 * What CMAQ would emit: a stream's file under emission rules and region masks, as CMAQ's User's Guide (appendix B) and DESID_PROCESS_RULES and DESID_SCALING
 * in its desid_module.F say. It shares no code with Retroplume, not even the reader of netCDF (classic and 64-bit offset), so that it can judge it.
 *
 *   evaluate-desid.cjs STREAM EMISSIONS.nc BASE_RULES.nml [FRAGMENT.nml MASKS.nc]  >  JSON {species: {variable: [values, in the order of the file]}}
 *
 * All arithmetic is that of REAL*4. Not here: area normalisation, molar weights (basis MASS and MOLE), size distributions, families, which the fragments do
 * not use, and region masks that hold each other, apart from EVERYWHERE, which holds all.
 */
const { readFileSync } = require('node:fs');

const f = Math.fround;

/** name -> { size per record or whole, shape, records: Float32Array } of the float variables of a classic file. */
function readClassic(path) {
  const bytes = readFileSync(path);
  if (bytes.toString('latin1', 0, 3) !== 'CDF' || bytes[3] > 2) throw new Error(`${path}: not classic netCDF`);
  const wide = bytes[3] === 2;
  let at = 4;
  const int = () => bytes.readInt32BE((at += 4) - 4);
  const offset = () => (wide ? Number(bytes.readBigInt64BE((at += 8) - 8)) : int());
  const padded = (n) => Math.ceil(n / 4) * 4;
  const name = () => {
    const length = int();
    const text = bytes.toString('latin1', at, at + length);
    at += padded(length);
    return text;
  };
  const SIZE = [0, 1, 1, 2, 4, 4, 8];
  const list = (read) => {
    at += 4; // tag
    const count = int();
    return Array.from({ length: count }, read);
  };
  const attribute = () => {
    name();
    const type = int();
    const length = int() * SIZE[type];
    at += padded(length);
  };
  const records = int();
  const dims = list(() => ({ name: name(), length: int() }));
  list(attribute);
  const variables = list(() => {
    const own = { name: name(), dims: Array.from({ length: int() }, () => dims[int()]) };
    list(attribute);
    return { ...own, type: int(), size: int(), begin: offset() };
  });
  const isRecord = (v) => v.dims.length > 0 && v.dims[0].length === 0;
  const recordSize = variables.filter(isRecord).reduce((sum, v) => sum + v.size, 0);
  const out = new Map();
  for (const v of variables.filter(({ type }) => type === 5)) {
    const per = v.dims.slice(isRecord(v) ? 1 : 0).reduce((product, d) => product * d.length, 1);
    const count = isRecord(v) ? records : 1;
    const values = new Float32Array(per * count);
    for (let r = 0; r < count; r++) for (let i = 0; i < per; i++) values[r * per + i] = bytes.readFloatBE(v.begin + r * recordSize + 4 * i);
    out.set(v.name, { values, cells: v.dims.slice(-2).reduce((product, d) => product * d.length, 1) });
  }
  return out;
}

/** Rows of quoted texts and numbers, comments left out: those of three are regions, those of eight rules. */
function readRows(path) {
  const rows = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const code = line.replace(/!.*/, '').trim();
    if (code === '') continue;
    const fields = [...code.matchAll(/'([^']*)'|([-+.\dEe]+)/g)].map(([, text, number]) => (text !== undefined ? text.trim() : Number(number)));
    if (fields.length !== 3 && fields.length !== 8) throw new Error(`${path}: a row of ${fields.length} fields: ${line}`);
    rows.push(fields);
  }
  return { regions: rows.filter((row) => row.length === 3), rules: rows.filter((row) => row.length === 8) };
}

const matches = (wanted, is) => wanted.toUpperCase() === 'ALL' || wanted.toUpperCase() === is.toUpperCase();

/** Stacks by species and variable: 'a' makes one or goes on one, 'm' and 'o' go on those that are there. */
function buildStacks(rules, stream, variables) {
  const stacks = new Map();
  for (const [region, streamLabel, variable, species, phase, factor, , operation] of rules) {
    if (!matches(streamLabel, stream)) continue;
    const entry = { region: region.toUpperCase(), factor: f(factor), operation: operation.toLowerCase() };
    if (entry.operation === 'a') {
      if (!variables.has(variable)) continue;
      const key = `${species}/${variable}/${phase}`;
      if (!stacks.has(key)) stacks.set(key, { species, variable, phase, entries: [] });
      stacks.get(key).entries.push(entry);
    } else {
      for (const stack of stacks.values()) {
        if (matches(variable, stack.variable) && matches(species, stack.species) && matches(phase, stack.phase)) stack.entries.push(entry);
      }
    }
  }
  return [...stacks.values()];
}

function evaluate(stack, emissions, masks) {
  const { values, cells } = emissions;
  const regions = ['EVERYWHERE', ...new Set(stack.entries.map(({ region }) => region).filter((region) => region !== 'EVERYWHERE'))];
  const remainder = new Float32Array(cells).fill(1);
  for (const region of regions.slice(1)) for (let c = 0; c < cells; c++) remainder[c] = Math.max(0, f(remainder[c] - masks.get(region)[c]));
  const out = new Float32Array(values.length);
  for (const region of regions) {
    const mask = region === 'EVERYWHERE' ? remainder : masks.get(region);
    const entries = stack.entries.filter((entry) => entry.region === region || entry.region === 'EVERYWHERE');
    for (let i = 0; i < values.length; i++) {
      let value = 0;
      for (const { factor, operation } of entries) {
        if (operation === 'a') value = f(value + f(values[i] * factor));
        else if (operation === 'm') value = f(value * factor);
        else value = f(values[i] * factor);
      }
      out[i] = f(out[i] + f(value * mask[i % cells]));
    }
  }
  return out;
}

const [stream, emissionsPath, basePath, fragmentPath, masksPath] = process.argv.slice(2);
const emissions = readClassic(emissionsPath);
const base = readRows(basePath);
const fragment = fragmentPath ? readRows(fragmentPath) : { regions: [], rules: [] };
const maskFile = masksPath ? readClassic(masksPath) : new Map();
const masks = new Map();
for (const [label, , variable] of fragment.regions) {
  const { values } = maskFile.get(variable);
  if (values.some((value) => !(value >= 0 && value <= 1))) throw new Error(`${masksPath}: ${variable} is not between 0 and 1`);
  masks.set(label.toUpperCase(), values);
}
const result = {};
for (const stack of buildStacks([...base.rules, ...fragment.rules], stream, emissions)) {
  (result[stack.species] ??= {})[stack.variable] = Array.from(evaluate(stack, emissions.get(stack.variable), masks));
}
process.stdout.write(JSON.stringify(result));
