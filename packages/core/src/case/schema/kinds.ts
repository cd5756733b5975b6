/**
 * The kinds of value that a case file holds. Every key is described where it is defined: `unit` and the sentence go into
 * docs/case-file.md and docs/case.schema.json, the bounds into the error that names them.
 */
import { z } from 'zod';
import { DEVICE_CHOICES, DEVICE_PATTERN, type DeviceChoice } from '../../base/device';

/** The sector of `emissions.files`, and of all sectors that share their factors. */
export const REST = 'rest';
/** Members that a case may ask for: each is a run of the transport model in every period. */
export const MOST_MEMBERS = 200;

/** Bounds of a number; the end that is not given is open. `above` excludes its value. */
interface Bounds {
  unit?: string;
  min?: number;
  max?: number;
  greaterThan?: number;
}

function bounded(schema: z.ZodNumber, { min, max, greaterThan }: Bounds): z.ZodNumber {
  let out = schema;
  if (min !== undefined) out = out.min(min);
  if (max !== undefined) out = out.max(max);
  if (greaterThan !== undefined) out = out.gt(greaterThan);
  return out;
}

/** A real number. */
export function real(description: string, bounds: Bounds = {}): z.ZodNumber {
  return bounded(z.number(), bounds).meta({ description, unit: bounds.unit });
}

/** A whole number. */
export function wholeNumber(description: string, bounds: Bounds = {}): z.ZodNumber {
  return bounded(z.int(), bounds).meta({ description, unit: bounds.unit });
}

/** A seed of the random numbers. */
export function seed(description: string): z.ZodNumber {
  return wholeNumber(description, { min: 0, max: 2 ** 31 - 1 });
}

/** True or false. */
export function flag(description: string): z.ZodBoolean {
  return z.boolean().meta({ description });
}

/** Text that is not empty. */
export function text(description: string): z.ZodString {
  return z.string().min(1).meta({ description });
}

/** Bytes of a name that becomes one of a file: systems take 255, and something is added to it. */
const LONGEST_NAME = 100;

/** Text that becomes a part of file names. @param pattern - what it may be, and in words */
export function fileName(description: string, pattern: RegExp, error: string): z.ZodString {
  const long = `expected at most ${LONGEST_NAME} bytes, since it becomes part of the names of files`;
  return z
    .string()
    .regex(pattern, { error })
    .refine((name) => Buffer.byteLength(name) <= LONGEST_NAME, { error: long })
    .meta({ description });
}

/** Text that becomes the name of a folder, and so must not lead out of the one that it is made in. */
export function folderName(description: string): z.ZodString {
  return fileName(
    description,
    /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} _.-]*$/u,
    'expected letters, digits, spaces, _ . and -, the first one a letter, digit or _, since it becomes the name of a folder',
  );
}

/** A file, relative to the case file; {@link loadCase} makes it absolute. */
export function file(description: string): z.ZodString {
  return z.string().min(1).meta({ description, kind: 'file' });
}

/** A field of a file of masks. */
export function maskOfFile(variable: string): z.ZodObject<{ file: z.ZodString; variable: z.ZodString }, z.core.$strict> {
  return z.strictObject({ file: file('I/O API file of masks on the grid of the case, such as CMAQ_MASKS.'), variable: text(variable) });
}

/** A glob of files, relative to the case file, in which `{period}` stands for the period's name. */
export function files(description: string): z.ZodString {
  return z.string().min(1).meta({ description, kind: 'files' });
}

/** A glob of files, or several of different kinds. */
export function fileSets(description: string): z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]> {
  return z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).meta({ description, kind: 'files' });
}

/** One of a few words. */
export function choice<const T extends readonly string[]>(description: string, values: T): z.ZodEnum<{ [K in T[number]]: K }> {
  return z.enum(values as unknown as readonly [T[number], ...T[number][]]).meta({ description });
}

/** A device by name. */
export function device(description: string): z.ZodPipe<z.ZodString, z.ZodTransform<DeviceChoice, string>> {
  return z
    .string()
    .regex(DEVICE_PATTERN, { error: `expected ${DEVICE_CHOICES}` })
    .meta({ description })
    .transform((value) => value as DeviceChoice);
}

const HOUR_UTC = /^\d{4}-\d\d-\d\dT\d\d:00(:00(\.000)?)?Z$/; // as JSON writes it, too

/** Whether it comes back as it was: JavaScript takes 30 February for 2 March, and hour 24 for the next day's 0. */
function exists(hour: string): boolean {
  const date = new Date(hour);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(hour.slice(0, 13));
}

/** A moment in UTC on the full hour, such as `2026-01-05T00:00:00Z`. */
export function hourUtc(description: string): z.ZodPipe<z.ZodString, z.ZodTransform<Date, string>> {
  return z
    .string()
    .regex(HOUR_UTC, { error: 'expected a full hour in UTC such as 2026-01-05T00:00:00Z' })
    .refine((value) => !HOUR_UTC.test(value) || exists(value), { error: 'expected a date and hour that exist' })
    .meta({ description })
    .transform((value) => new Date(value));
}
