/** The command line as a library: build the program, parse, print. */
export { reportFailure } from './failure';
export { buildProgram } from './program';
