#!/usr/bin/env node
/**
 * Stands in for a run script of CCTM: one day of the reference model, as that of CMAQ would be asked for by `cctm-day.sh` of docs/quick-start-cmaq.md.
 *
 * The environment gives OUTDIR, START_DATE (YYYY-MM-DD), N_EMIS_GR and GR_EMIS_001; the weather lies in `inputs` of the folder of work. It leaves
 * OUTDIR/CCTM_AELMO_DAY.nc. Each day begins with clean air: it has no restart.
 */
const { join } = require('node:path');
const { runReferenceModel } = require('../../packages/core/dist/transport/reference/reference-model.js');

const { OUTDIR, START_DATE, N_EMIS_GR, GR_EMIS_001 } = process.env;
if (N_EMIS_GR !== '1') throw new Error(`one stream of emissions is expected but there are ${N_EMIS_GR}`);
const day = START_DATE.replaceAll('-', '');

void runReferenceModel({
  emissionFiles: [GR_EMIS_001],
  meteorologyFiles: [join('inputs', `METCRO2D_${day}.nc`)],
  geographyFiles: ['inputs/GRIDCRO2D.nc'],
  output: join(OUTDIR, `CCTM_AELMO_${day}.nc`),
  period: { start: new Date(`${START_DATE}T00:00Z`), hours: 24 },
  variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' },
  groups: {
    NOx: { variables: ['NO', 'NO2'], molarMass: 46.0055 },
    NH3: { variables: ['NH3'], molarMass: 17.031 },
    SO2: { variables: ['SO2'], molarMass: 64.066 },
    VOC: { variables: ['PAR', 'TOL', 'FORM'], molarMass: 40 },
    'PM2.5': { variables: ['PEC', 'POC', 'PMOTHR'] },
  },
});
