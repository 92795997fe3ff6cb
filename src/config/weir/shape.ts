// What a value of weir.yaml may be: one description, from which values are read strictly and the JSON Schema for editors is made.
import { type Failure, failure } from '../../model/errors/weir-error.js';
import type { Json } from '../../model/json.js';
import { nearest } from '../../model/nearest.js';
import { entryOf } from '../../model/own-entry.js';
import type { Fault, Place, YamlValue } from './yaml-value.js';

export type Report = (at: Place, failure: Failure) => void;

export interface Shape<T> {
  /** As messages name it: `a time such as 10s`. */
  readonly expected: string;
  readonly schema: Json;
  /** undefined: it was reported. */
  read(value: YamlValue, report: Report): T | undefined;
}

export type Of<S> = S extends Shape<infer T> ? T : never;

/** A value with its place, for what can only be examined with the rest of the file. */
export interface Placed<T> {
  readonly value: T;
  readonly at: Place;
}

const GIVEN_CHARACTERS_MAX = 60;

function given(value: YamlValue): string {
  if (value.kind !== 'scalar') return value.kind === 'map' ? 'keys with values' : 'a list';
  if (value.value === null) return 'nothing';
  const text = typeof value.value === 'string' ? JSON.stringify(value.value) : String(value.value);
  return text.length > GIVEN_CHARACTERS_MAX ? `${text.slice(0, GIVEN_CHARACTERS_MAX)}…` : text;
}

function wrong(value: YamlValue, expected: string, report: Report, meant?: string): undefined {
  report(value.at, failure('file-value', { expected, given: given(value), meant }));
}

/** A text that is wrong for a reason of its own. */
export interface Refusal {
  readonly failure: Failure;
}

const isRefusal = (value: unknown): value is Refusal => typeof value === 'object' && value !== null && 'failure' in value;

/** Of texts and numbers: what `parse` makes of their text. It answers with undefined for what is wrong, or reports a failure of its own. */
export const scalar = <T>(expected: string, schema: Json, parse: (text: string) => T): Shape<Exclude<T, undefined | Refusal>> => ({
  expected,
  schema,
  read(value, report) {
    const isText = value.kind === 'scalar' && (typeof value.value === 'string' || typeof value.value === 'number');
    const parsed = isText ? parse(String(value.value)) : undefined;
    if (parsed === undefined) return wrong(value, expected, report);
    if (isRefusal(parsed)) return void report(value.at, parsed.failure);
    return parsed as Exclude<T, undefined | Refusal>;
  },
});

export const integer = (min: number, max: number): Shape<number> => ({
  expected: `a whole number from ${min} to ${max}`,
  schema: { type: 'integer', minimum: min, maximum: max },
  read(value, report) {
    const number = value.kind === 'scalar' ? value.value : undefined;
    const isFit = typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max;
    return isFit ? number : wrong(value, this.expected, report);
  },
});

export const flag: Shape<boolean> = {
  expected: 'true or false',
  schema: { type: 'boolean' },
  read: (value, report) =>
    value.kind === 'scalar' && typeof value.value === 'boolean' ? value.value : wrong(value, flag.expected, report),
};

export const choice = <const T extends string | number>(choices: readonly T[]): Shape<T> => ({
  expected: `one of ${choices.join(', ')}`,
  schema: { enum: choices },
  read(value, report) {
    const found = choices.find((one) => value.kind === 'scalar' && one === value.value);
    const meant = value.kind === 'scalar' ? nearest(String(value.value), choices.map(String)) : undefined;
    return found ?? wrong(value, this.expected, report, meant);
  },
});

export const placed = <T>(shape: Shape<T>): Shape<Placed<T>> => ({
  ...shape,
  read(value, report) {
    const read = shape.read(value, report);
    return read === undefined ? undefined : { value: read, at: value.at };
  },
});

/** A list; one value that is no list stands for a list of one. */
export const listOf = <T>(shape: Shape<T>, minLength = 0): Shape<readonly T[]> => ({
  expected: `a list of: ${shape.expected}`,
  schema: { anyOf: [{ type: 'array', items: shape.schema, minItems: minLength }, shape.schema] },
  read(value, report) {
    const items = value.kind === 'list' ? value.items : [value];
    if (items.length < minLength) return wrong(value, `${this.expected}, at least ${minLength}`, report);
    return items.flatMap((item) => {
      const read = shape.read(item, report);
      return read === undefined ? [] : [read];
    });
  },
});

/** Values by names that the operator chooses. A name whose value was reported is there without it, so that others may refer to it. */
/** `except`: names in lower case that nothing can have. */
export const byName = <T>(
  name: RegExp,
  shape: Shape<T>,
  except: readonly string[] = [],
): Shape<readonly (Placed<T | undefined> & { readonly name: string })[]> => ({
  expected: `names with: ${shape.expected}`,
  schema: { type: 'object', additionalProperties: shape.schema, propertyNames: { pattern: name.source } },
  read(value, report) {
    if (value.kind !== 'map') return wrong(value, this.expected, report);
    return value.entries.map(({ key, at, value: one }) => {
      if (!name.test(key)) report(at, failure('file-value', { expected: `a name as ${name.source}`, given: JSON.stringify(key) }));
      if (except.includes(key.toLowerCase()))
        report(at, failure('file-value', { expected: `none of ${except.join(', ')}`, given: JSON.stringify(key) }));
      return { name: key, value: shape.read(one, report), at };
    });
  },
});

/** By what the value is: a mapping is read by `map`, any other by `plain`. */
export const either = <A, B>(plain: Shape<A>, map: Shape<B>): Shape<A | B> => ({
  expected: `${plain.expected}, or ${map.expected}`,
  schema: { anyOf: [plain.schema, map.schema] },
  read: (value, report) => (value.kind === 'map' ? map : plain).read(value, report),
});

interface Key<T> {
  readonly shape: Shape<T>;
  readonly isRequired: boolean;
}

export const required = <T>(shape: Shape<T>): Key<T> => ({ shape, isRequired: true });
export const optional = <T>(shape: Shape<T>): Key<T> => ({ shape, isRequired: false });

type Keys = Readonly<Record<string, Key<unknown>>>;
/** Keys that are not there, or whose value was reported, are undefined. */
type Read<K extends Keys> = { readonly [N in keyof K]: (K[N] extends Key<infer T> ? T : never) | undefined };

export const record = <K extends Keys>(what: string, keys: K): Shape<Placed<Read<K>>> => ({
  expected: what,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(keys).map(([name, { shape }]) => [name, shape.schema])),
    required: Object.keys(keys).filter((name) => keys[name]?.isRequired),
  },
  read(value, report) {
    if (value.kind !== 'map') return wrong(value, what, report);
    const found: Record<string, unknown> = {};
    for (const { key, at, value: one } of value.entries) {
      const known = entryOf(keys, key);
      if (known !== undefined) found[key] = known.shape.read(one, report);
      else report(at, failure('file-key-unknown', { key, known: Object.keys(keys).join(', '), meant: nearest(key, Object.keys(keys)) }));
    }
    for (const [name, { isRequired }] of Object.entries(keys)) {
      if (isRequired && !value.entries.some(({ key }) => key === name)) report(value.at, failure('file-key-missing', { key: name }));
    }
    return { value: found as Read<K>, at: value.at };
  },
});

/** Reads a value, with what is wrong in the order of the text. */
export function readShape<T>(shape: Shape<T>, value: YamlValue): { readonly read: T | undefined; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const read = shape.read(value, (at, what) => void faults.push({ at, failure: what }));
  return { read, faults };
}
