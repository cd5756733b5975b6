/** Rules that tie keys of `observations` together. */
import type { Case } from '../schema/case-schema';
import type { Breach } from './breach';

export function checkObservations(c: Case): Breach[] {
  const { observations: o, truth } = c;
  const breaches: Breach[] = [];
  if (o.files === undefined && o.twin === undefined)
    breaches.push({
      path: ['observations'],
      text: 'there are neither files nor a twin experiment: add observations.files, or observations.twin and truth',
    });
  if (o.twin !== undefined && truth === undefined)
    breaches.push({ path: ['observations', 'twin'], text: 'a twin experiment needs a truth: add truth.factors' });
  if (o.twin !== undefined && o.layout !== 'long')
    breaches.push({ path: ['observations', 'layout'], text: 'simulate writes the observations of a twin in the long layout: set layout: long' });
  if (o.twin !== undefined && o.resolution === 'daily')
    breaches.push({
      path: ['observations', 'resolution'],
      text: 'simulate writes the observations of a twin hourly: set resolution: hourly (inversion.dailyMeans: true compares their daily means)',
    });
  if (o.layout === 'long' && o.twin === undefined && o.columns === undefined)
    breaches.push({ path: ['observations'], text: 'the long layout needs observations.columns: add the columns of station, time and species' });
  if ((o.layout === 'sql') !== (o.sql !== undefined))
    breaches.push({
      path: ['observations', o.sql === undefined ? 'layout' : 'sql'],
      text:
        o.sql === undefined
          ? 'the layout sql needs observations.sql: add the query'
          : 'it is used by the layout sql only: set layout: sql, or remove it',
    });
  if (o.resolution === 'daily' && ['cnemc-wide', 'airnow'].includes(o.layout))
    breaches.push({ path: ['observations', 'resolution'], text: `files of the layout ${o.layout} are hourly: set resolution: hourly` });
  if (o.resolution === 'daily' && o.quality.minimumHours > 0)
    breaches.push({ path: ['observations', 'quality', 'minimumHours'], text: 'daily values have no hours: set resolution: hourly, or 0' });
  for (const [name, range] of Object.entries(o.quality.range ?? {}))
    if (range?.min !== undefined && range.min >= range.max)
      breaches.push({ path: ['observations', 'quality', 'range', name], text: `min ${range.min} is not below max ${range.max}: exchange them` });
  if (o.columns !== undefined && Object.keys(o.columns.species).length === 0)
    breaches.push({ path: ['observations', 'columns', 'species'], text: 'no species is named: add at least one of NO2, SO2, O3, PM2.5' });
  return breaches;
}
