import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Surrogate } from './surrogate';

it.each([
  ['missing', undefined, 'SURROGATE_MISSING', 'no such file: run the stage train first'],
  ['cut short', '{"settings": {"ne', 'JSON_UNREADABLE', 'expected JSON but it cannot be read'],
  ['of something else', '{"settings": {}}', 'JSON_UNREADABLE', 'expected an object whose normalisation is of type object'],
])('a surrogate whose description is %s is refused with the file and what to do', (_what, text, code, said) => {
  const folder = mkdtempSync(join(tmpdir(), 'surrogate-'));
  try {
    const path = join(folder, 'surrogate.json');
    if (text !== undefined) writeFileSync(path, text);
    expect(() => Surrogate.load(folder)).toThrow(
      expect.objectContaining({ code, exitCode: 3, message: expect.stringContaining(`${path}: ${said}`) as string }) as Error,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
