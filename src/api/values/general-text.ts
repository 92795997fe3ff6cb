// What a code of the error table stands for, without an error of it: its text with the names of details in braces.
import type { ErrorCode } from '../../model/errors/error-table.js';
import type { Failure } from '../../model/errors/weir-error.js';

/** In the place of a value, also of a list of them. */
class DetailName extends String {
  map(): DetailName {
    return this;
  }

  join(): string {
    return this.toString();
  }
}

const names: unknown = new Proxy({}, { get: (_target, name) => new DetailName(`{${String(name)}}`) });

/** null: the code has none, or it is made of more than names. */
export function generalText(made: (failure: Failure) => string | undefined, code: ErrorCode): string | null {
  try {
    const text = made({ code, details: names } as Failure) ?? null;
    return text === null || /undefined|\[object|NaN/.test(text) ? null : text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return null;
  }
}
