/** Inventories of emissions in CF files, put on a grid, hour by hour. */
export { readCfInventory, type CfInventory } from '../inventory/cf/cf-inventory';
export { writeInventoryEmissions, type InventorySource, type MovedMass, type TemporalProfile } from '../inventory/cf/inventory-emissions';
export { makeInventory, type InventoryResult } from '../inventory/cf/inventory-file';
