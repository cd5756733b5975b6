/** In a checked world, observations as a real case has them. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { CheckedWorld } from './checked-world';

interface RealInputs {
  replace: (name: string, ...pairs: [from: string | RegExp, to: string][]) => void;
  /** Hourly in the long layout, of three stations of the list; summer's are winter's at another date. */
  realObservations: (rows: (ids: string[]) => string[], columns?: string) => void;
  /** Rows of the first 20 hours of 8 January, with these values. */
  firstHours: (ids: string[], values: string) => string[];
}

export function realInputs({ pathOf, input }: Pick<CheckedWorld, 'pathOf' | 'input'>): RealInputs {
  return { replace, realObservations, firstHours };

  function replace(name: string, ...pairs: [from: string | RegExp, to: string][]): void {
    let text = readFileSync(pathOf(name), 'utf8');
    for (const [pattern, replacement] of pairs) {
      expect(text).toMatch(pattern);
      text = text.replace(pattern, replacement);
    }
    writeFileSync(pathOf(name), text);
  }

  function realObservations(rows: (ids: string[]) => string[], columns = 'NO2: { column: no2, unit: ug m-3 }'): void {
    const ids = readFileSync(input('stations.csv'), 'utf8')
      .split('\n')
      .slice(1, 4)
      .map((line) => line.split(',')[0]);
    writeFileSync(input('obs_winter.csv'), `station,time,no2,o3\n${rows(ids).join('\n')}\n`);
    writeFileSync(
      input('obs_summer.csv'),
      `station,time,no2,o3\n${rows(ids).join('\n').replaceAll('2026-01-09', '2026-07-10').replaceAll('2026-01-08', '2026-07-09')}\n`,
    );
    const text = readFileSync(pathOf('case.yaml'), 'utf8');
    const sectionPattern = (section: string): RegExp => new RegExp(`^( *)${section}:\\n(\\1 .*\\n)*`, 'm');
    const bare = ['truth', 'columns', 'twin'].reduce((rest, section) => rest.replace(sectionPattern(section), ''), text);
    writeFileSync(
      pathOf('case.yaml'),
      bare.replace(/^ {2}layout: long\n/m, (layout) => `  files: inputs/obs_{period}.csv\n${layout}  columns: { species: { ${columns} } }\n`),
    );
  }

  function firstHours(ids: string[], values: string): string[] {
    return ids.flatMap((id) => Array.from({ length: 20 }, (_, hour) => `${id},2026-01-08T${String(hour).padStart(2, '0')}:00Z,${values}`));
  }
}
