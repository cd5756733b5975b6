/** Labels of emission streams: how CMAQ's run script (`GR_EMIS_LAB_nnn`, `STK_EMIS_LAB_nnn`) and its rules (DESID) call the files of a sector. */
import type { Case } from './schema/case-schema';
import type { Breach } from './checks/breach';
import { REST } from './schema/kinds';

/** The stream of an inventory in one piece. */
const WHOLE = 'INVENTORY';
/** What CMAQ's rules call all streams, and its own streams, of biogenic and marine gases, lightning, sea spray and dust (desid_module.F, desid_util.F). */
const RESERVED = ['ALL', 'TOTAL', 'BIOG', 'MIOG', 'MGEM', 'LTNG', 'SEASPRAY', 'WBDUST'];

type Emissions = Pick<Case['emissions'], 'files' | 'label' | 'sectors'>;

function labelledStreams({ files, label, sectors }: Emissions): [name: string, label: string | undefined][] {
  const own = Object.entries(sectors).map(([name, sector]): [string, string | undefined] => [name, sector.label]);
  return files === undefined ? own : [[REST, label], ...own];
}

/** The label of each sector, in capitals as CMAQ compares them: the case's, or else its name. */
export function streamLabels(emissions: Emissions): Map<string, string> {
  const all = labelledStreams(emissions);
  return new Map(all.map(([name, label]) => [name, (label ?? (all.length === 1 ? WHOLE : name)).toUpperCase()]));
}

/** Labels that the case gives, by sector; undefined where it leaves all to their names. */
export function chosenLabels(emissions: Emissions): Record<string, string> | undefined {
  const chosen = labelledStreams(emissions).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return chosen.length > 0 ? Object.fromEntries(chosen) : undefined;
}

/** Two streams of one label would have the rules of both. */
export function checkStreamLabels({ emissions }: Case): Breach[] {
  const holder = new Map<string, string>();
  const stray: Breach[] =
    emissions.files === undefined && emissions.label !== undefined
      ? [{ path: ['emissions', 'label'], text: 'it is that of emissions.files, and there are none: give the label to a sector' }]
      : [];
  const breaches = [...streamLabels(emissions)].flatMap(([name, label]): Breach[] => {
    const path = name === REST ? ['emissions', 'label'] : ['emissions', 'sectors', name, 'label'];
    const other = holder.get(label);
    holder.set(label, name);
    return [
      ...(other === undefined ? [] : [{ path, text: `${label} is the stream of ${other}, too: give each its own label` }]),
      ...(RESERVED.includes(label) ? [{ path, text: `${label} is CMAQ's own word for other streams: give another label` }] : []),
    ];
  });
  return [...stray, ...breaches];
}
