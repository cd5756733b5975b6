/**
 * For jest and for all that tests start. Tests run much code a few times, which V8 makes fast a moment before it isn't needed any more: a tenth of
 * the processor's time. Code gets its better version later here; what is called often still does.
 */
require('node:v8').setFlagsFromString('--interrupt-budget=600000');
