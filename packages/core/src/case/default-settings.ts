/** What the settings of a case would be had its file left them out: what a reader compares them with. */
import { applyPaperDefaults, type Tree } from './load-case';
import { parseCase, type Case } from './schema/case-schema';

/** Sections whose keys are looked up, such as `inversion`. */
export type Section = Exclude<keyof Case, 'file'>;

/**
 * Defaults of the keys of sections, of the mode (`default` or `paper`) that each section has. Keys that have none, as they must be given or are absent by default, are
 * missing.
 */
export function defaultSettings({ file: _file, ...settings }: Case, sections: readonly Section[]): Partial<Record<Section, Tree>> {
  const values = JSON.parse(JSON.stringify(settings)) as Tree; // as a file has it: dates are text
  return Object.fromEntries(sections.map((section) => [section, defaultsIn(values, section)]));
}

function defaultsIn(values: Tree, section: Section): Tree {
  const sectionValues = values[section] as Tree;
  const { mode } = sectionValues;
  const parsed = (partial: Tree): Tree | undefined => {
    const { success, data } = parseCase(applyPaperDefaults({ ...values, [section]: partial }));
    return success ? (data[section] as Tree) : undefined;
  };
  const whole = parsed(mode === undefined ? {} : { mode });
  const ofMode = mode === undefined ? {} : { mode: parsed({})?.['mode'] };
  if (whole) return { ...whole, ...ofMode };
  // A key that must be given makes a section without it no section: one by one.
  return Object.fromEntries(
    Object.keys(sectionValues).flatMap((key) => {
      const { [key]: _left, ...rest } = sectionValues;
      const value = parsed(rest)?.[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}
