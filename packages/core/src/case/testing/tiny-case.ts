/** The shortest case that is right, a twin experiment. */
export const TINY_CASE = `name: tiny
grid: { griddesc: inputs/GRIDDESC, name: TINY }
periods:
  - { name: winter, start: 2026-01-05T00:00:00Z, hours: 216 }
meteorology: { files: "inputs/METCRO2D_{period}*.nc" }
geography: { files: inputs/GRIDCRO2D.nc }
emissions:
  files: "inputs/EMIS_{period}*.nc"
  groups:
    NOx: { variables: [NO, NO2], molarMass: 46.0055 }
    NH3: { variables: [NH3], molarMass: 17.031 }
    SO2: { variables: [SO2], molarMass: 64.066 }
    VOC: { variables: [VOC], molarMass: 40 }
    PM2.5: { variables: [PM25] }
truth: { factors: inputs/truth.nc }
observations:
  stations: { file: inputs/stations.csv }
  twin: {}
`;
