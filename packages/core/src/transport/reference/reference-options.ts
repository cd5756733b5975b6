/** Settings of the reference model as the case file gives them: one flat list of names and numbers. */
import type { Group, Species } from '../../base/species';
import { transportGroups, transportOutputs, transportSpecies, type TransportOptions } from '@retroplume/native';
import { ConfigError } from '../../base/errors';
import { UNCHANGED_WEATHER, WEATHER_FACTORS, type WeatherChange } from './weather-change';

export type ReferenceSettings = Record<string, string | number | boolean>;

const NUMBERS = [
  'stepsPerHour',
  'chemistrySteps',
  'horizontalDiffusivity',
  'minimumMixedLayer',
  'windExponent',
  'no2Share',
  'biogenicVoc',
  'honoRate',
  'soaYield',
  'organicNitrateYield',
  'aqueousRate',
  'n2o5Uptake',
] as const;

/** `background.O3: 35`, `stackShare.SO2: 0.4` and `weatherFactor.wind: 1.2` name a species of the model, a group and a field of the weather. */
const referenceSettingNames: readonly string[] = [
  ...NUMBERS,
  ...transportSpecies.map((name) => `background.${name}`),
  ...Object.keys(transportGroups).map((name) => `stackShare.${name}`),
  ...WEATHER_FACTORS.map((name) => `weatherFactor.${name}`),
  'windTurn',
];

/**
 * @param key - of the case, for messages
 * @throws {ConfigError} `CTM_OPTION` for a name that the model does not know or a value that is not a number
 */
export function referenceOptions(settings: ReferenceSettings, key: string): { options: TransportOptions; weather: WeatherChange } {
  const options: Record<string, unknown> = {};
  const weather = { ...UNCHANGED_WEATHER };
  const [background, stackShare]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const [name, value] of Object.entries(settings)) {
    if (!referenceSettingNames.includes(name)) {
      throw new ConfigError('CTM_OPTION', `${key}.${name}: the reference model has no such setting: use one of ${referenceSettingNames.join(', ')}`);
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new ConfigError('CTM_OPTION', `${key}.${name}: expected a number but received ${JSON.stringify(value)}: see docs/dev/reference-model.md`);
    }
    const dot = name.indexOf('.');
    if (name.startsWith('background.')) background[name.slice(dot + 1)] = value;
    else if (name.startsWith('stackShare.')) stackShare[name.slice(dot + 1)] = value;
    else if (name === 'windTurn') weather.windTurn = value;
    else if (name.startsWith('weatherFactor.')) {
      if (value < 0)
        throw new ConfigError('CTM_OPTION', `${key}.${name}: expected a factor of 0 or more but received ${value}: see docs/dev/reference-model.md`);
      weather[name.slice(dot + 1) as (typeof WEATHER_FACTORS)[number]] = value;
    } else options[name] = value;
  }
  return { options: { ...options, background, stackShare }, weather };
}

type ReferenceChannels = Required<Pick<TransportOptions, 'groups' | 'species'>>;

/**
 * Groups and species as the reference model has them.
 *
 * @throws {ConfigError} `CTM_GROUP`, `CTM_SPECIES` for those that it does not have
 */
export function checkReferenceChannels(groups: readonly Group[], species: readonly Species[]): ReferenceChannels {
  const modelGroups = Object.keys(transportGroups);
  const foreignGroup = groups.find((name) => !modelGroups.includes(name));
  if (foreignGroup !== undefined) {
    throw new ConfigError(
      'CTM_GROUP',
      `emissions.groups.${foreignGroup}: the reference model has no such group: leave it out, add its variables to one of ${modelGroups.join(', ')}, or run a model of your own (ctm)`,
    );
  }
  const foreignSpecies = species.find((name) => !transportOutputs.some((output) => output === name));
  if (foreignSpecies !== undefined) {
    throw new ConfigError(
      'CTM_SPECIES',
      `concentrations.species: the reference model does not give ${foreignSpecies}: leave it out, name some of ${transportOutputs.join(', ')}, or run a model of your own (ctm)`,
    );
  }
  return { groups, species } as ReferenceChannels;
}
