/**
 * For jest and for all that tests start. Tests run much code a few times, which V8 makes fast a moment before it isn't needed any more: a tenth of
 * the processor's time. Code gets its better version later here; what is called often still does. Node 22 and later have no such setting.
 */
if (process.versions.node.startsWith('20.')) require('node:v8').setFlagsFromString('--interrupt-budget=600000');
