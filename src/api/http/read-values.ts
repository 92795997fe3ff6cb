// Values of a request by their description: what is wrong is named by its place.
import type * as z from 'zod';
import { WeirError } from '../../model/errors/weir-error.js';

const escaped = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** `place`: what the pointers begin with. @throws WeirError api-values */
export function readValues<T>(place: string, schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const errors = read.error.issues.map(({ path, message }) => ({
    pointer: `${place}${path.map((part) => `/${escaped(part)}`).join('')}`,
    message,
  }));
  throw new WeirError('api-values', { errors });
}
