/**
 * What the launcher of an offline package (tools/pack) tells by variables: how this program is called, and which library path was set before it added its own.
 * Both are taken away again, for what this program starts (the user's transport model, a scheduler) is none of the package's.
 */
const { RETROPLUME_LAUNCHER, RETROPLUME_LIBRARY_PATH_BEFORE: before } = process.env;

/** Path of the launcher; undefined where Node was called with this program. */
export const launcher = RETROPLUME_LAUNCHER;

delete process.env['RETROPLUME_LAUNCHER'];
delete process.env['RETROPLUME_LIBRARY_PATH_BEFORE'];
// The system has read it when the process began; libraries that are loaded later are still found by it.
if (before === '') delete process.env['LD_LIBRARY_PATH'];
else if (before !== undefined) process.env['LD_LIBRARY_PATH'] = before;
