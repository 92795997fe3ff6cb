// Removes what network namespaces that are gone have left in weir's folder: pins, locks, and what commands and the daemon remembered about them.
import { readdirSync, rmSync } from 'node:fs';
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';
import { liveCookies } from './live-netns.js';

/** Folders whose files are named after namespaces: `COOKIE`, `COOKIE.json`, `COOKIE_NAME.json`, `COOKIE.lock`, `COOKIE.PID`, `COOKIE.PID.sock`, `changes.COOKIE`. */
const KINDS = [
  'api',
  'bfd',
  'check-attempts',
  'check-counts',
  'checks',
  'drain',
  'feedback',
  'haproxy',
  'health',
  'lock',
  'nginx',
  'proxy',
  'realserver',
  'release',
  'running',
  'sync',
  'tune',
  'vip',
  'vrrp',
  'vrrp-dump',
] as const;
export type NamespaceFolder = (typeof KINDS)[number];
/** Another process removes it too, or this one may not: the next command tries again. */
const LEFT_ALONE = ['ENOENT', 'ENOTEMPTY', 'EBUSY', 'EROFS', 'EACCES', 'EPERM'] as const;

interface Entry {
  readonly path: string;
  readonly cookie: bigint;
}

function entriesOf(folder: string): readonly Entry[] {
  return unlessCode(() => readdirSync(folder), ['ENOENT', 'ENOTDIR'], []).flatMap((name) => {
    const digits = /^(?:changes\.)?(\d+)(?:_[^.]*)?(?:\.\w+)*$/.exec(name)?.[1];
    return digits === undefined ? [] : [{ path: `${folder}/${name}`, cookie: BigInt(digits) }];
  });
}

/**
 * `run`: weir's folder, `pins`: the bpffs in it. The cookies whose pins were removed. Costs next to nothing where no other namespace has
 * anything here; where one of them is gone, some tenths of a second, once.
 */
export function sweepRun(run: string, pins: string): readonly bigint[] {
  // First the names, then the namespaces: one that is made in between is in neither list of names.
  const own = native().netnsCookie();
  const [pinned, others] = [entriesOf(pins), KINDS.flatMap((kind) => entriesOf(`${run}/${kind}`))];
  const strangers = [...pinned, ...others].map(({ cookie }) => cookie).filter((cookie) => cookie !== own);
  const alive = liveCookies(strangers);
  const dead = ({ cookie }: Entry): boolean => cookie !== own && !alive.has(cookie);
  for (const { path } of [...pinned, ...others].filter(dead)) {
    unlessCode(() => rmSync(path, { recursive: true, force: true }), LEFT_ALONE, undefined);
  }
  return pinned.filter(dead).map(({ cookie }) => cookie);
}
