// Another function in the place of a class's or a module's own, for as long as some work lasts; and the death of a command in the middle of it.

/** Thrown where a command is killed: nothing of it runs after that but what ends it. */
export class Death extends Error {}

type Args<T, K extends keyof T> = T[K] extends (...args: infer A) => unknown ? A : never;
type Result<T, K extends keyof T> = T[K] extends (...args: never[]) => infer R ? R : never;

/** What runs in its place: with whom it is called of, the arguments, and the function itself, called as it would have been. */
export type Other<T, K extends keyof T> = (self: T, args: Args<T, K>, was: () => Result<T, K>) => Result<T, K>;

/** Puts `other` in the place of a function of `owner`, its own or an inherited one. Returns what puts that one back. */
export function replace<T extends object, K extends keyof T & string>(owner: T, name: K, other: Other<T, K>): () => void {
  const kept = Object.getOwnPropertyDescriptor(owner, name);
  const was = owner[name] as (...args: Args<T, K>) => Result<T, K>;
  const value = function (this: T, ...args: Args<T, K>): Result<T, K> {
    return other(this, args, () => Reflect.apply(was, this, args));
  };
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (kept === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, kept);
  };
}

/** Does `work` with `other` in the place of a function of `owner`. */
export function withReplaced<T extends object, K extends keyof T & string, R>(owner: T, name: K, other: Other<T, K>, work: () => R): R {
  const restore = replace(owner, name, other);
  try {
    return work();
  } finally {
    restore();
  }
}

/** Whether `work` dies; else it comes to its end. */
export function dies(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof Death) return true;
    throw error;
  }
}
