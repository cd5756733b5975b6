/** What `retroplume demo` does. */
export { demoFolder, runDemo, type DemoOptions, type DemoResult } from '../../run/commands/demo';
