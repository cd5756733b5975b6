// Writes docs/case.schema.json and docs/case-file.md from the schema of the case file, and docs/species.md from what is known of species and groups. Needs the built packages (npm run build).
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const folder = join(root, 'packages/core/dist/case/schema');
const { editorsSchema } = require(join(folder, 'json-schema.js'));
const { caseDocumentation } = require(join(folder, 'case-doc.js'));
const { speciesDocumentation } = require(join(folder, 'species-doc.js'));

writeFileSync(join(root, 'docs/case.schema.json'), `${JSON.stringify(editorsSchema(), null, 2)}\n`);
writeFileSync(join(root, 'docs/case-file.md'), caseDocumentation());
writeFileSync(join(root, 'docs/species.md'), speciesDocumentation());
