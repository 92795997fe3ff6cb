// The answers of a real keepalived to -t, one case an entry, and the files of a case as callbacks.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ConfigFiles, FileRead } from '../../../src/config/keepalived/lines/config-files.js';
import type { NameFolders, NumberNames } from '../../../src/config/keepalived/to-model/network/number-names.js';
import { KEY_FILE_BYTES_MAX, type ReadKeyFile } from '../../../src/config/keepalived/to-model/vrrp/auth-hmac.js';
import { readNames } from '../../../src/host/number-names.js';

export interface RecordedCase {
  readonly name: string;
  readonly group: string;
  /** Relative paths are relative to the case's directory. */
  readonly files: Readonly<Record<string, string | { readonly symlink: string }>>;
  readonly args: readonly string[];
  /** Negative: it was killed by that signal; null: it hung. */
  readonly rc: number | null;
  readonly stderr: readonly string[];
  readonly modes?: Readonly<Record<string, string>>;
  readonly dirs?: readonly string[];
  /** Run as another user than root. */
  readonly as?: string;
  readonly encoding?: string;
  /** Differs from run to run. */
  readonly unstable?: boolean;
}

/** Can weir be compared on this case? Not if keepalived crashed, hung or killed itself, or if it is about other options. */
export function isComparable({ rc, unstable, as, group }: RecordedCase): boolean {
  return rc !== null && rc >= 0 && rc !== 1 && unstable !== true && as === undefined && group !== 'cli';
}

export function readRecorded(path: string): readonly RecordedCase[] {
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as readonly RecordedCase[];
}

/** The files of a case. Of files outside its directory (/mnt/ka), only those that the case contains exist. */
export function filesOf({ files, modes = {}, dirs = [] }: RecordedCase): ConfigFiles {
  const clean = (path: string): string => {
    const parts: string[] = [];
    const own = path.replace(/^\/DIR\//, '');
    for (const part of own.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.' && part !== '') parts.push(part);
    }
    return (own.startsWith('/') ? '/' : '') + parts.join('/');
  };
  const names = [...Object.keys(files), ...dirs.map((directory) => `${directory}/.`)];
  const read = (asked: string, depth = 0): FileRead => {
    const path = clean(asked);
    const found = files[path];
    if (typeof found === 'object') {
      const target = read(found.symlink, depth + 1);
      return target.kind === 'missing' ? { kind: 'unfit' } : target;
    }
    if (found !== undefined)
      return (Number.parseInt(modes[path] ?? '0644', 8) & 0o111) === 0 ? { kind: 'text', text: found } : { kind: 'unfit' };
    return { kind: names.some((name) => name.startsWith(`${path}/`)) ? 'directory' : 'missing' };
  };
  return {
    read: (path) => read(path),
    list(directory) {
      const prefix = clean(directory) === '' ? '' : `${clean(directory)}/`;
      return [...new Set(names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length).split('/')[0]!))];
    },
  };
}

/** Names of routing tables that a case contains; the host has no others. */
export function namesOf({ files }: RecordedCase): (folders: NameFolders) => NumberNames {
  return ({ etc }) => {
    const texts = Object.entries(files).flatMap(([path, text]) =>
      etc !== undefined && path.startsWith(`${etc}/rt_tables`) && typeof text === 'string' ? [text] : [],
    );
    const tables = new Map(texts.flatMap((text) => [...readNames(text, false)]));
    return (kind, name) => (kind === 'table' ? tables.get(name) : undefined);
  };
}

/** The key files of auth_hmac, with their modes. */
export function keyFileOf({ files, modes = {} }: RecordedCase): ReadKeyFile {
  return (path) => {
    const text = files[path];
    if (typeof text !== 'string') return { kind: 'failed', reason: 'ENOENT' };
    const exposed = (Number.parseInt(modes[path] ?? '0644', 8) & 0o077) !== 0;
    const bytes = new TextEncoder().encode(text);
    return bytes.length > KEY_FILE_BYTES_MAX ? { kind: 'large', exposed } : { kind: 'bytes', bytes, exposed };
  };
}
