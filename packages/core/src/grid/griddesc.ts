/**
 * GRIDDESC: the I/O API's text file of coordinate systems and grids.
 *
 * One line of header; coordinate systems (a quoted name, then GDTYP P_ALP P_BET P_GAM XCENT YCENT) up to a blank name; grids (a quoted
 * name, then the quoted coordinate system and XORIG YORIG XCELL YCELL NCOLS NROWS NTHIK) up to a blank name or the file's end. Fortran
 * reads it list-directed: spaces, commas and line ends are all the same, numbers may end in D0, `!` starts a comment.
 */
import { expectArgument, expectText, GridError } from '../base/errors';
import { replaceFile, readRegular } from '../base/whole-files';
import { Grid, type GridDefinition } from './grid';
import type { CoordinateSystem } from './projection';

/** Characters of what is no number that an error shows. */
const MOST_SHOWN = 40;

type Token = { text: string } | { number: number };

/**
 * Reads one grid of a GRIDDESC.
 *
 * @param name - may be left out when the file holds one grid
 * @throws {GridError} `GRIDDESC_MISSING`, `GRIDDESC_SYNTAX`, or `GRIDDESC_GRID` when the name isn't there (the message lists those that are)
 */
export function readGriddesc(path: string, name?: string): Grid {
  expectText(path, 'readGriddesc: path', 'a path');
  const grids = parseGriddesc(readText(path), path);
  const wanted = name === undefined && grids.length === 1 ? grids[0] : grids.find((grid) => grid.name === name);
  if (wanted) return new Grid(wanted);
  const names = grids.map((grid) => `'${grid.name}'`).join(', ') || 'none';
  const request = name === undefined ? 'one grid' : `the grid '${name}'`;
  throw new GridError('GRIDDESC_GRID', `${path}: expected ${request} but it holds ${names}: set grid.name in the case to one of them`);
}

/** Every grid of a GRIDDESC's text, in its order. */
export function parseGriddesc(text: string, path: string): GridDefinition[] {
  if (text.includes('\0')) throw syntax(path, 'expected text but received a binary file');
  const body = text.split(/\r?\n/).slice(1).join('\n');
  const reader = new TokenReader(tokens(body, path), path);
  const systems = new Map<string, CoordinateSystem>();
  for (let name = reader.name('a coordinate system'); name !== ''; name = reader.name('a coordinate system')) {
    const [gdtyp, pAlp, pBet, pGam, xcent, ycent] = reader.numbers(6, `coordinate system '${name}'`);
    systems.set(name, { gdtyp, pAlp, pBet, pGam, xcent, ycent });
  }
  const grids: GridDefinition[] = [];
  while (!reader.ended) {
    const name = reader.name('a grid');
    if (name === '') break;
    const systemName = reader.name(`the coordinate system of '${name}'`);
    const [xorig, yorig, xcell, ycell, cols, rows] = reader.numbers(7, `grid '${name}'`);
    const system = systems.get(systemName);
    if (!system) throw syntax(path, `grid '${name}' names the coordinate system '${systemName}', which the file does not define`);
    grids.push({ name, ...system, xorig, yorig, xcell, ycell, cols, rows });
  }
  return grids;
}

/** Writes a GRIDDESC that holds one grid, with every digit of its numbers. */
export function writeGriddesc(path: string, grid: Grid): void {
  expectText(path, 'writeGriddesc: path', 'a path');
  expectArgument(grid instanceof Grid, 'writeGriddesc: grid', 'a Grid', grid);
  const { name, gdtyp, pAlp, pBet, pGam, xcent, ycent, xorig, yorig, xcell, ycell, cols, rows } = grid.definition;
  const system = `P${gdtyp}_${name}`.slice(0, 16);
  const lines = [
    `' '`,
    `'${system}'`,
    `  ${[gdtyp, ...[pAlp, pBet, pGam, xcent, ycent].map(decimal)].join(' ')}`,
    `' '`,
    `'${name}'`,
    `'${system}' ${[...[xorig, yorig, xcell, ycell].map(decimal), cols, rows, 1].join(' ')}`,
    `' '`,
  ];
  replaceFile(path, [Buffer.from(lines.join('\n') + '\n')]);
}

class TokenReader {
  private next = 0;

  constructor(
    private readonly list: Token[],
    private readonly path: string,
  ) {}

  get ended(): boolean {
    return this.next >= this.list.length;
  }

  name(expected: string): string {
    const token = this.list[this.next++];
    if (token && 'text' in token) return token.text.trim();
    throw syntax(this.path, `expected the quoted name of ${expected} but received ${token ? String(token.number) : 'the end of the file'}`);
  }

  numbers(count: number, expected: string): number[] {
    return Array.from({ length: count }, () => {
      const token = this.list[this.next++];
      if (token && 'number' in token) return token.number;
      throw syntax(this.path, `${expected} needs ${count} numbers but received ${token ? `'${token.text}'` : 'the end of the file'}`);
    });
  }
}

function tokens(text: string, path: string): Token[] {
  const pattern = /'([^'\n]*)'|"([^"\n]*)"|!.*|[^\s,'"!]+/g;
  const tokens: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    if (match[0].startsWith('!')) continue;
    const quoted = match[1] ?? match[2];
    if (quoted !== undefined) {
      tokens.push({ text: quoted });
      continue;
    }
    const number = Number(match[0].replace(/d/i, 'e'));
    if (Number.isNaN(number)) throw syntax(path, `expected a number or a quoted name but received ${match[0].slice(0, MOST_SHOWN)}`);
    tokens.push({ number });
  }
  return tokens;
}

function readText(path: string): string {
  try {
    return readRegular(path).toString('utf8');
  } catch (error) {
    throw new GridError('GRIDDESC_MISSING', `${path}: the GRIDDESC cannot be read (${(error as Error).message}): check grid.griddesc in the case`, {
      cause: error,
    });
  }
}

const decimal = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

function syntax(path: string, fault: string): GridError {
  return new GridError('GRIDDESC_SYNTAX', `${path}: ${fault}: mend the GRIDDESC (a header line, coordinate systems, a blank name, grids)`);
}
