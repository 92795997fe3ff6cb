// What a host's sysctls are, what they are to be by the table, and what has to be written. Pure: the host is read and changed in host/tuning.
import { type TuningHost, type TuningRole, type TuningRow, tunedValues, tuningText, tuningValues } from '../../model/tuning/row.js';
import { tuningRows } from '../../model/tuning/table.js';

/** A host as it was read. */
export interface TuningReading {
  readonly host: TuningHost;
  /** Those whose settings are the operator's: without lo and weir's own pair. */
  readonly interfaces: readonly string[];
  /** Every interface. */
  readonly companions: readonly string[];
  /** Whether this is the network namespace of the host itself, and not that of a container. */
  readonly initial: boolean;
  /** Values by path below /proc/sys. */
  readonly settings: ReadonlyMap<string, string>;
}

/** `absent`: this kernel, or a kernel without that module, has no such key. `of-host`: only the host's own namespace may set it. */
export type TuningState = 'fine' | 'differs' | 'absent' | 'of-host' | 'unreadable';

export interface TuningLine {
  readonly path: string;
  readonly row: TuningRow;
  readonly state: TuningState;
  readonly now?: string;
  readonly wanted?: string;
}

export interface TuningChoice {
  readonly roles: readonly TuningRole[];
  /** Paths of rows; absent: all. */
  readonly only?: readonly string[];
  readonly without?: readonly string[];
}

const INTERFACE_PART = '*';

/** The paths that a row means on a host with these interfaces. */
export const rowPaths = ({ path }: TuningRow, interfaces: readonly string[]): readonly string[] =>
  path.split('/').includes(INTERFACE_PART)
    ? ['all', 'default', ...interfaces].map((name) =>
        path
          .split('/')
          .map((part) => (part === INTERFACE_PART ? name : part))
          .join('/'),
      )
    : [path];

const chosenRows = ({ roles, only, without = [] }: TuningChoice): readonly TuningRow[] =>
  tuningRows(roles).filter(({ path }) => (only === undefined || only.includes(path)) && !without.includes(path));

/** Spaces between the numbers, where the kernel has tabs. */
export const plainValue = <T extends string | undefined>(text: T): T => text?.trim().replaceAll(/\s+/g, ' ') as T;

function lineOf(row: TuningRow, path: string, { host, initial, settings }: TuningReading): TuningLine | undefined {
  const text = settings.get(path);
  if (text === undefined)
    return row.rule.values(host) === undefined
      ? undefined
      : { path, row, state: initial || row.scope === 'namespace' ? 'absent' : 'of-host' };
  const now = tuningValues(text);
  if (now === undefined) return { path, row, state: 'unreadable', now: plainValue(text) };
  const wanted = tunedValues(row.rule, host, now);
  if (wanted === undefined) return undefined;
  const values = { now: tuningText(now), wanted: tuningText(wanted) };
  if (values.now === values.wanted) return { path, row, state: 'fine', ...values };
  return { path, row, state: row.scope === 'host' && !initial ? 'of-host' : 'differs', ...values };
}

/** A line for each key of the chosen rows, in the order of the table. */
export function tuningLines(choice: TuningChoice, reading: TuningReading): readonly TuningLine[] {
  return chosenRows(choice).flatMap((row) => rowPaths(row, reading.interfaces).flatMap((path) => lineOf(row, path, reading) ?? []));
}

/** The path of a key as people write it: `net.ipv4.ip_forward`, `net/ipv4/ip_forward`, `net.ipv4.conf.eth0/7.rp_filter` (sysctl.d(5)). */
export function sysctlPath(key: string): string {
  const separator = /[./]/.exec(key)?.[0];
  return separator === '.' ? key.replaceAll(/[./]/g, (one) => (one === '.' ? '/' : '.')) : key;
}
