// What runs of connection synchronisation in a network namespace: /run/weir/sync/COOKIE_ROLE.json, a file for each daemon. --start-daemon writes
// it with the settings, and the daemon adds its process. It counts only while that process lives.
import type { Address } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { isRecord, type Json, parseJson } from '../../model/json.js';
import type { DaemonRole, DaemonSettings } from '../../model/sync-daemon.js';
import { using } from '../../sys/fd.js';
import { startTime } from '../../sys/processes/child.js';
import { ProcessHandle } from '../../sys/processes/process-handle.js';
import { StateFile, withState } from '../state-file.js';

/** To be raised with each change of the fields. */
const FORMAT = 1;

/** A process and its start time, which name it for ever. */
export interface SyncProcess {
  readonly pid: number;
  readonly started: string;
}

export const ownProcess = (): SyncProcess => ({ pid: process.pid, started: startTime(process.pid) ?? '' });

export interface SyncRecord {
  readonly settings: DaemonSettings;
  /** Absent: it is being started. */
  readonly process?: SyncProcess;
}

export const syncRecordText = ({ settings: { group, peers, ...settings }, process }: SyncRecord): string => {
  const addresses = { group: formatAddress(group), ...(peers === undefined ? {} : { peers: peers.map(formatAddress) }) };
  return `${JSON.stringify({ format: FORMAT, ...settings, ...addresses, ...process })}\n`;
};

const isWhole = (value: Json): value is number => Number.isInteger(value);

const addressIn = (value: Json): Address | undefined => (typeof value === 'string' ? parseAddress(value) : undefined);

/** Who may send: a value that is no list of addresses is not taken for "any". */
function peersIn(value: Json): Pick<DaemonSettings, 'peers'> | undefined {
  if (value === undefined) return {};
  const peers = Array.isArray(value) ? value.flatMap((each) => addressIn(each) ?? []) : [];
  return Array.isArray(value) && peers.length === value.length && peers.length > 0 ? { peers } : undefined;
}

function settingsIn(value: Readonly<Record<string, Json>>, role: DaemonRole): DaemonSettings | undefined {
  const { interface: name, syncId, maxLength, group: text = null, port, ttl } = value;
  const [group, peers] = [addressIn(text), peersIn(value['peers'])];
  const isRight = value['role'] === role && typeof name === 'string' && [syncId, maxLength, port, ttl].every(isWhole);
  if (!isRight || group === undefined || peers === undefined) return undefined;
  return { role, interface: name, syncId, maxLength, group, port, ttl, ...peers } as DaemonSettings;
}

/** Undefined for what no daemon of this role and format wrote. */
export function parseSyncRecord(text: string | undefined, role: DaemonRole): SyncRecord | undefined {
  const value = parseJson(text ?? 'null');
  const settings = isRecord(value) && value['format'] === FORMAT ? settingsIn(value, role) : undefined;
  if (!isRecord(value) || settings === undefined) return undefined;
  const { pid, started } = value;
  return isWhole(pid) && typeof started === 'string' ? { settings, process: { pid, started } } : { settings };
}

export interface SyncRecords {
  read(role: DaemonRole): SyncRecord | undefined;
  write(record: SyncRecord): void;
  remove(role: DaemonRole): void;
  /** No other command starts or stops a daemon meanwhile. */
  exclusively<T>(work: () => T): T;
}

const fileOf = (role: DaemonRole, cookie?: bigint): StateFile => new StateFile('sync', `_${role}`, cookie);

export const isAlive = ({ pid, started }: SyncProcess): boolean => startTime(pid) === started;

/** A daemon of the namespace with this cookie has ended, and --stop-daemon did not end it, which would have removed its record. @throws SystemError */
export function hasDaemonDied(role: DaemonRole, cookie: bigint): boolean {
  const { process } = parseSyncRecord(fileOf(role, cookie).read(), role) ?? {};
  return process !== undefined && !isAlive(process);
}

/** It runs in the namespace with this cookie, or has died; one that was stopped has left none. @throws SystemError */
export const hasDaemonRecord = (role: DaemonRole, cookie: bigint): boolean => fileOf(role, cookie).read() !== undefined;

/** Sends SIGTERM to the daemon of the namespace with this cookie; false: it has ended. @throws SystemError */
export function endDaemon(role: DaemonRole, cookie: bigint): boolean {
  const { process } = parseSyncRecord(fileOf(role, cookie).read(), role) ?? {};
  const handle = process && ProcessHandle.open(process.pid);
  if (process === undefined || handle === undefined) return false;
  return using(handle, () => {
    // The handle holds the process that has the number now.
    if (!isAlive(process)) return false;
    handle.signal('SIGTERM');
    return true;
  });
}

/** Those of our network namespace. Every method throws SystemError; `exclusively`: WeirError lock-busy, too. */
export const fileSyncRecords: SyncRecords = {
  read: (role) => parseSyncRecord(fileOf(role).read(), role),
  write: (record) => fileOf(record.settings.role).write(syncRecordText(record)),
  remove: (role) => fileOf(role).write(undefined),
  exclusively: (work) => withState('sync', work),
};
