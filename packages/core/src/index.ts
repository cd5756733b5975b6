/** The public API of `@retroplume/core`. Each part can also be imported by itself: `@retroplume/core/inversion` is entries/inversion.ts. */
export * from './entries/errors';
export * from './entries/machine';
export * from './entries/case';
export * from './entries/stages';
export * from './entries/run';

// What the commands do.
export * from './entries/commands/demo';
export * from './entries/commands/check';
export * from './entries/commands/init';
export * from './entries/commands/inspect';
export * from './entries/commands/jobs';
export * from './entries/commands/bundle';
export * from './entries/commands/compare';
export * from './entries/commands/design';

// Grids and files: for programs that make a case's inputs.
export * from './entries/grid';
export * from './entries/ioapi';
export * from './entries/cf';
export * from './entries/inventory';
export * from './entries/observations';
export * from './entries/units';

// Models: graph, networks, the trained surrogate.
export * as graph from './entries/graph';
export * as nn from './entries/nn';
export * from './entries/surrogate';

// Inversion of any forward model.
export * from './entries/inversion';

// Sun and air, for made-up or climatological weather.
export { clearSkyIrradiance, cloudTransmission, cosSolarZenith, localSolarHour, saturationMixingRatio, solarDeclination } from './worlds/solar';

// Speed: what `retroplume bench` measures.
export * as bench from './entries/commands/bench';
