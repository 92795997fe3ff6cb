// The files that set sysctls at boot (sysctl.d(5)): their entries, their order, and which of them set a key otherwise than weir's file.
import { sysctlName } from '../realserver/arp-settings.js';
import { sysctlPath } from './plan.js';

/** In order of precedence: of files with one name the first is read. */
export const SYSCTL_FOLDERS = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d'] as const;
/** Read last: by procps as it is, by systemd where a link leads to it. */
export const SYSCTL_CONF = '/etc/sysctl.conf';

export interface SysctlFile {
  readonly path: string;
  readonly text: string;
}

export interface SysctlEntry {
  readonly line: number;
  /** Below /proc/sys, with `*` and `?`. */
  readonly pattern: string;
  readonly value: string;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The files that count, in the order in which they are read: the last value wins. */
export function sysctlOrder(files: readonly SysctlFile[]): readonly SysctlFile[] {
  const first = new Map<string, SysctlFile>();
  for (const file of files) if (file.path !== SYSCTL_CONF && !first.has(baseName(file.path))) first.set(baseName(file.path), file);
  const names = [...first.keys()].sort();
  return [...names.flatMap((name) => first.get(name) ?? []), ...files.filter(({ path }) => path === SYSCTL_CONF)];
}

export function sysctlEntries(text: string): readonly SysctlEntry[] {
  return text.split('\n').flatMap((whole, index) => {
    const line = whole.trim();
    const equals = line.indexOf('=');
    if (/^[#;]/.test(line) || equals < 0) return [];
    const key = line.slice(0, equals).trim().replace(/^-/, '');
    return [
      {
        line: index + 1,
        pattern: sysctlPath(key),
        value: line
          .slice(equals + 1)
          .trim()
          .replaceAll(/\s+/g, ' '),
      },
    ];
  });
}

/** `*`: any characters but a slash; `?`: one. In time that grows with the product of both lengths. */
export function matchesPattern(pattern: string, path: string): boolean {
  let reached = new Set([0]);
  for (const sign of pattern) {
    const next = new Set<number>();
    for (const at of reached) {
      if (sign === '*')
        for (let end = at; end <= path.length; end++) {
          next.add(end);
          if (path[end] === '/') break;
        }
      else if (at < path.length && (sign === path[at] || (sign === '?' && path[at] !== '/'))) next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(path.length);
}

/** A line of another file that sets a key of weir's file otherwise. */
export interface OtherSetting {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly value: string;
  readonly ours: string;
  /** It is read after weir's file, so that its value counts. */
  readonly wins: boolean;
}

/** `own`: the path of weir's file; `wanted`: its values by path. */
export function otherSettings(files: readonly SysctlFile[], own: string, wanted: ReadonlyMap<string, string>): readonly OtherSetting[] {
  const others = sysctlOrder(files.filter(({ path }) => path !== own));
  return others.flatMap(({ path: file, text }) =>
    sysctlEntries(text).flatMap(({ line, pattern, value }) =>
      [...wanted]
        .filter(([path, ours]) => ours !== value && matchesPattern(pattern, path))
        .map(([path, ours]) => ({
          file,
          line,
          key: sysctlName(path),
          value,
          ours,
          wins: file === SYSCTL_CONF || baseName(file) > baseName(own),
        })),
    ),
  );
}
