// The one table of sysctls by role: `weir tune`, `weir doctor`, the Ansible roles and the manual read it.
import { directorRows } from './director-rows.js';
import { endpointRows } from './endpoint-rows.js';
import type { RefusedRow, TuningRole, TuningRow } from './row.js';

export const tuningTable: readonly TuningRow[] = [...directorRows, ...endpointRows];

/** What is in old lists, and does damage, or nothing. */
export const refusedRows: readonly RefusedRow[] = [
  {
    path: 'net/ipv4/tcp_tw_recycle',
    why: 'Linux has no such key since 4.12; before, it refused connections of clients that share an address behind NAT',
  },
];

export const tuningRows = (roles: readonly TuningRole[]): readonly TuningRow[] =>
  tuningTable.filter((row) => row.roles.some((role) => roles.includes(role)));

/** Rows of other roles: of a director, what ends connections does nothing, since it passes packets on. */
export const idleRows = (roles: readonly TuningRole[]): readonly TuningRow[] =>
  roles.every((role) => role === 'director') ? endpointRows.filter((row) => !row.roles.includes('director')) : [];

/** The keys that can do damage; `initial`: in the network namespace of the host itself, which alone can set those of the host. */
export const damagePaths = (initial: boolean): readonly string[] =>
  tuningTable.filter(({ damage, scope }) => damage !== undefined && (initial || scope === 'namespace')).map(({ path }) => path);
