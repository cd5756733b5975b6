/** The rules of `columns`: whatever brings a run of the transport model brings its layers, too. */
import { variableProblems } from '../../columns/products/named-variables';
import type { Case } from '../schema/case-schema';
import type { Breach } from '../problems';
import type { KeyPath } from '../source';

const LAYERS = "its output with layers (CMAQ's CONC)";

export function checkColumns(c: Case): Breach[] {
  if (Object.keys(c.columns).length === 0) return idleLayers(c);
  const isMissing = (run: string | undefined, layers: string | undefined): boolean => run !== undefined && layers === undefined;
  const missing = (path: KeyPath): Breach => ({ path, text: `columns are compared with all layers of a run: give ${LAYERS}` });
  const broughtLayers = [c.priorLayers, ...[...(c.members.runs ?? []), ...(c.certificate.runs ?? [])].map(({ layers }) => layers)].some(
    (layers) => layers !== undefined,
  );
  return [
    ...variableBreaches(c),
    ...sourceBreaches(c),
    ...(isMissing(c.priorConcentrations, c.priorLayers) ? [missing(['priorLayers'])] : []),
    ...(isMissing(c.updatedConcentrations, c.updatedLayers) ? [missing(['updatedLayers'])] : []),
    ...Object.entries({ members: c.members.runs ?? [], certificate: c.certificate.runs ?? [] }).flatMap(([section, runs]) =>
      runs.flatMap(({ layers }, i) => (layers === undefined ? [missing([section, 'runs', i, 'layers'])] : [])),
    ),
    ...c.inversion.nuisance.runs.flatMap(({ concentrations, layers }, i) =>
      isMissing(concentrations, layers) ? [missing(['inversion', 'nuisance', 'runs', i, 'layers'])] : [],
    ),
    ...(c.ctm.kind === 'command' && c.ctm.layers === undefined
      ? [{ path: ['ctm', 'layers'], text: `columns are compared with all layers of a run: give the glob of ${LAYERS} that the command leaves` }]
      : []),
    ...((broughtLayers || c.ctm.kind === 'command') && c.concentrations.layers === undefined
      ? [
          {
            path: ['concentrations', 'layers'],
            text: 'the layers of a run say nothing of their pressures: give concentrations.layers.meteorology, the METCRO3D files of these runs',
          },
        ]
      : []),
  ];
}

/** Where the columns come from. */
function sourceBreaches({ columns, observations, truth }: Case): Breach[] {
  return Object.entries(columns).flatMap(([name, { files, twin, variables }]): Breach[] => {
    const path = ['columns', name];
    if (files === undefined && twin === undefined) return [{ path, text: 'there are no files: add files, or twin in a twin experiment' }];
    if (twin === undefined) return [];
    const idle = files === undefined ? (variables === undefined ? undefined : 'variables') : 'files';
    if (idle !== undefined) return [{ path: [...path, idle], text: `in a twin experiment simulate writes the files: remove ${idle}, or twin` }];
    if (truth !== undefined && observations.twin !== undefined) return [];
    return [{ path: [...path, 'twin'], text: 'columns are drawn from the truth of a twin experiment: add truth.factors and observations.twin' }];
  });
}

function variableBreaches({ columns }: Case): Breach[] {
  return Object.entries(columns).flatMap(([name, { variables }]) =>
    variables
      ? variableProblems(variables).map(({ key, condition, text }) => ({
          path: ['columns', name, 'variables', key, ...(condition === undefined ? [] : [condition])],
          text,
        }))
      : [],
  );
}

function idleLayers({ concentrations, ctm, priorLayers, updatedLayers }: Case): Breach[] {
  const idle: [KeyPath, unknown][] = [
    [['priorLayers'], priorLayers],
    [['updatedLayers'], updatedLayers],
    [['concentrations', 'layers'], concentrations.layers],
    [['ctm', 'layers'], ctm.kind === 'command' ? ctm.layers : undefined],
  ];
  const path = idle.find(([, value]) => value !== undefined)?.[0];
  if (path === undefined) return [];
  return [
    {
      path,
      text: 'the case has no columns that layers would be compared with: add columns, or remove it',
    },
  ];
}
