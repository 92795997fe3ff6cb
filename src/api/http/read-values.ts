// Values of a request by their description: what is wrong is named by its place.
import type * as z from 'zod';
import { WeirError } from '../../model/errors/weir-error.js';

/** Of one answer; characters. */
const ERRORS_MAX = 100;
const MESSAGE_MAX = 1000;
const POINTERS_MAX = 64 * 1024;

interface WrongValue {
  readonly pointer: string;
  readonly message: string;
}

const escaped = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

const shortened = ({ pointer, message }: WrongValue): WrongValue => ({
  pointer,
  message: message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX)}…` : message,
});

/**
 * An answer with all that is wrong, or with the first of it and the number of the others: it is not many times as large as the request.
 * `shown`: only called for what the answer has.
 */
export function refusedValues<T>(wrong: readonly T[], shown: (one: T) => WrongValue): WeirError {
  const errors: WrongValue[] = [];
  let characters = 0;
  for (const one of wrong.slice(0, ERRORS_MAX)) {
    const next = shortened(shown(one));
    characters += next.pointer.length;
    if (errors.length > 0 && characters > POINTERS_MAX) break;
    errors.push(next);
  }
  const others = wrong.length - errors.length;
  if (others > 0) errors.push({ pointer: '', message: `${others} more values are wrong` });
  return new WeirError('api-values', { errors });
}

/** `place`: what the pointers begin with. @throws WeirError api-values */
export function readValues<T>(place: string, schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw refusedValues(read.error.issues, ({ path, message }) => ({
    pointer: `${place}${path.map((part) => `/${escaped(part)}`).join('')}`,
    message,
  }));
}
