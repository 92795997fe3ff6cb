// What dumps show besides the machine's state: the host's clock, and the names of the interfaces of instances. Pure.
import type { InstanceState } from '../control/vrrp/state/instance-state.js';
import type { VrrpMachine } from '../control/vrrp/state/vrrp-machine.js';
import type { Family } from '../model/address.js';
import type { AdvertProtocol } from '../model/ip-protocol.js';
import type { HostAddress } from '../model/keepalived/network.js';
import type { RunAs } from '../model/keepalived/script.js';

export interface HostClocks {
  /** The wall clock minus the monotonic clock, microseconds. */
  readonly offsetUs: number;
  /** Seconds since 1970 as local time, `Fri Nov 20 12:02:54 2026` (ctime(3)). */
  readonly ctime: (seconds: number) => string;
}

export interface DumpHost extends HostClocks {
  /** Tracked processes whose change of number is still within its delay. */
  readonly waitingProcesses?: ReadonlyMap<string, 'fork' | 'terminate'>;
  /** Track scripts that run now; those that are being ended, since they took too long. */
  readonly runningScripts?: ReadonlyMap<string, 'running' | 'ending'>;
  /** `0:0`: user and group that a script runs as, in numbers; absent: root. */
  readonly owner?: (runAs: RunAs | undefined) => string;
}

/** A socket that receives adverts. */
export interface SocketDescription {
  readonly interface: string;
  readonly family: Family;
  readonly protocol: AdvertProtocol;
  readonly unicast: boolean;
  readonly fd: number;
  /** The source address of a unicast socket, where it is configured. */
  readonly address?: string;
  /** The instances whose adverts it receives. */
  readonly instances: readonly { readonly name: string; readonly vrid: number }[];
}

/** keepalived's numbers of its states, for JSON. */
export const STATE_NUMBERS = { init: 0, backup: 1, master: 2, fault: 3 } as const;

/** `uid:gid` of a script. */
export const ownerText = (runAs: RunAs | undefined, { owner }: DumpHost): string => owner?.(runAs) ?? '0:0';

/** `1795175679.876519` of a moment of the wall clock. */
export function wallSeconds(wallUs: number): string {
  const us = Math.round(wallUs);
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
}

/** An instance that need not run, and the configuration that has it. */
export type Configured = Pick<InstanceState, 'config'>;
export type WithConfiguration = Pick<VrrpMachine, 'configuration'>;

/** The name of the virtual interface of an instance, if it has one. */
export function virtualName({ config }: Configured, { configuration }: WithConfiguration): string | undefined {
  const { virtualInterface, vrid, family } = config;
  if (virtualInterface === undefined) return undefined;
  const prefix = configuration?.global.vmacPrefix ?? 'vrrp';
  return virtualInterface.name ?? `${prefix}${family === 'inet' ? '' : '6'}.${vrid}`;
}

/** The interface of one of its addresses: `vrrp.51@eth0`, `eth0`. */
export function deviceOf(instance: Configured, address: HostAddress, machine: WithConfiguration): string | undefined {
  const base = address.dev ?? instance.config.interface;
  const virtual = virtualName(instance, machine);
  const onVirtual = virtual !== undefined && (address.dev === undefined || address.dev === instance.config.interface);
  return onVirtual ? `${virtual}@${base}` : base;
}
