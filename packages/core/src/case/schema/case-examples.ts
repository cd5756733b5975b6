/**
 * An example for each section of the case file, shown in docs/case-file.md. Together they are one case. The keys that stand in an example are those that
 * people set first: the page lists them before the others.
 */
export const CASE_EXAMPLES: Record<string, string> = {
  'Top level': `name: delta-july
description: NOx, SO2 and PM2.5 of the delta, July 2023, from the city's monitors.
assumptions:
  - Ship emissions are those of 2019.
priorConcentrations: "cmaq/prior/ACONC_*.nc" # left out, \`ctm\` makes them`,
  grid: `grid: { griddesc: inputs/GRIDDESC, name: DELTA3 }`,
  periods: `periods:
  - { name: july, start: 2023-06-28T00:00:00Z, hours: 816, spinUpHours: 72 }`,
  meteorology: `meteorology: { files: "inputs/METCRO2D_{period}*.nc" }`,
  geography: `geography: { files: inputs/GRIDCRO2D.nc }`,
  emissions: `emissions:
  files: "inputs/EMIS_{period}*.nc"
  groups:
    NOx: { variables: [NO, NO2, HONO], molarMass: 46.0055 }
    NH3: { variables: [NH3], molarMass: 17.031 }
    SO2: { variables: [SO2], molarMass: 64.066 }
    VOC: { variables: [PAR, OLE, ETH, ETHA, TOL, XYLMN, FORM, ALD2, ISOP], molarMass: 30 }
    PM2.5: { variables: [PEC, POC, PNCOM, PMOTHR, PSO4, PNO3, PNH4] }
  sectors: # in files of their own
    power:
      files: "inputs/inln_ptegu_{period}*.nc"
      stackGroups: inputs/stack_groups_ptegu.nc`,
  concentrations: `concentrations:
  variables: { NO2: NO2, SO2: SO2, O3: O3, PM2.5: PM25_TOT }
  layers: { meteorology: "inputs/METCRO3D_{period}*.nc" }`,
  columns: `columns:
  NO2_column: { files: "satellite/S5P_OFFL_L2__NO2____*.nc" }`,
  ctm: `ctm:
  kind: command
  name: CMAQ 5.5
  command: scripts/run-cmaq.sh {output} {run} {period} {start} {hours}
  output: "ACONC_*.nc"`,
  members: `members: { count: 6 }`,
  response: `response: { groups: [NOx, SO2, PM2.5] }`,
  truth: `truth: { factors: truth/factors.nc } # of a twin experiment; with real monitors there is none`,
  observations: `observations:
  stations: { file: inputs/stations.csv }
  files: "inputs/obs_*.csv"
  layout: long
  timeZone: Asia/Shanghai
  columns:
    station: station
    time: time
    species:
      NO2: { column: NO2, unit: ug m-3 }
      PM2.5: { column: PM25, unit: ug m-3 }`,
  withheld: `withheld: { fraction: 0.2, blockCells: 6 }`,
  scores: `scores: { ozoneCutoff: 40 }`,
  surrogate: `surrogate: { network: response-unet }`,
  training: `training: { iterations: 3000, maxMinutes: 90 }`,
  certificate: `certificate: { onFailure: warn }`,
  inversion: `inversion:
  lengthKm: 30
  priorSpread: { NOx: 0.5, NH3: 0.12, SO2: 0.5, VOC: 0.12, PM2.5: 0.5 }
  observationError:
    NO2: { relative: 0.3, absolute: 3 }
    PM2.5: { relative: 0.3, absolute: 10 }
  representativeness: cell-spread
  errorCorrelation: { hours: 24, km: 150 }
  surrogateError: certificate
  nuisance: { stationBias: { NO2: 4, PM2.5: 15 } }
  uncertainty: { method: lanczos }`,
  crossValidation: `crossValidation: { folds: 5 }`,
  loop: `loop: { passes: 3 }`,
  paperMode: `paperMode: { run: true }`,
  ensembleMode: `ensembleMode: { run: true }`,
  regions: `regions:
  city: { polygon: [[113.0, 22.8], [113.6, 22.8], [113.6, 23.4], [113.0, 23.4]] }`,
  jobs: `jobs:
  scheduler: slurm
  account: air-quality
  setup: [module load nodejs openmpi]`,
};
