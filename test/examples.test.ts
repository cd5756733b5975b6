import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadCase } from '../packages/core/src/case';

const examples = join(__dirname, '../examples');
const cases = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((path) => /(^|\/)case\.yaml$/.test(path));

it('there are examples', () => expect(cases.length).toBeGreaterThan(0));

it.each(cases)('examples/%s is a valid case', (path) => {
  expect(loadCase(join(examples, path)).name).not.toBe('');
});
