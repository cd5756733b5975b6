/** What `retroplume init` does. */
export { initCase, type CtmChoice, type InitOptions, type InitResult } from '../../run/commands/init/init';
