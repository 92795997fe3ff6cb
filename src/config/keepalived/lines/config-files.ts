// Access to the files of a configuration by callbacks, and their paths.

/** What a path leads to. */
export type FileRead =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'directory' }
  /** Not a regular file, or executable: keepalived reads neither. */
  | { readonly kind: 'unfit' }
  /** It cannot be read; `reason` as text (`Permission denied`, or that it is too large). */
  | { readonly kind: 'failed'; readonly reason: string };

/** The files of the host. Relative paths are relative to the working directory. */
export interface ConfigFiles {
  read(path: string): FileRead;
  /** The names in a directory, in any order; none if it does not exist. */
  list(directory: string): readonly string[];
}

/** The path up to the last slash, inclusive; empty for a bare name. */
export const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** An absolute path without `.` and `..`. */
export function absolute(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
