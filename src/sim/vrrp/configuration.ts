// Configurations for simulated nodes: keepalived's defaults, with the changes of a history.
import type { Address } from '../../model/address.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { GlobalSettings, ProcessSettings, RootSettings } from '../../model/keepalived/global.js';
import type { SyncGroup, VrrpInstance } from '../../model/keepalived/instance.js';
import type { HostAddress } from '../../model/keepalived/network.js';
import { NOTHING_TRACKED } from '../../model/keepalived/trackers.js';

export const inet = (a: number, b: number, c: number, d: number): Address => ({
  family: 'inet',
  words: [((a << 24) | (b << 16) | (c << 8) | d) >>> 0],
});

export const linkLocal = (segment: number, host: number): Address => ({ family: 'inet6', words: [0xfe80_0000, 0, segment, host] });

export const hostAddress = (address: Address): HostAddress => ({
  address,
  prefixLength: address.family === 'inet' ? 32 : 128,
  flags: [],
  noTrack: false,
});

const process: ProcessSettings = { noSwap: false, cpus: [] };

const global: GlobalSettings = {
  notificationEmail: [],
  smtpTimeoutUs: 30_000_000,
  noEmailFaults: false,
  noCheckerEmails: false,
  defaultInterface: 'eth0',
  scriptSecurity: false,
  fifoStatesOnReload: false,
  dynamicInterfaces: false,
  allowInterfaceChanges: false,
  startupDelayUs: 0,
  delayAfterBootUs: 0,
  logUnknownVrids: false,
  garpIntervalUs: 0,
  gnaIntervalUs: 0,
  garpGroups: [],
  vmacPrefix: 'vrrp',
  vmacAddressPrefix: 'vrrp',
  jsonVersion: 1,
  dumpFiles: {},
  maxAutoPriority: 0,
  minAutoPriorityDelayUs: 1_000_000,
  checkerLogAllFailures: false,
  sharedChecks: false,
  lvsFlush: false,
  lvsFlushOnStop: 'no',
  rsInitNotifies: false,
  processes: { parent: process, vrrp: process, checker: process, bfd: process },
  notActedOn: [],
};

const root: RootSettings = {
  usePidDirectory: false,
  childWaitUs: 5_000_000,
  staticAddresses: [],
  staticRoutes: [],
  staticRules: [],
  trackGroups: [],
  interfaceDelays: [],
};

const NO_NOTIFY = { priorityChanges: false, smtpAlert: false } as const;

/** An instance with keepalived's defaults: v2, multicast, no authentication, one advert per second. */
export function instanceOf(own: Partial<VrrpInstance> & Pick<VrrpInstance, 'name' | 'vrid'>): VrrpInstance {
  const family = own.family ?? 'inet';
  return {
    family,
    version: family === 'inet' ? 2 : 3,
    interface: 'eth0',
    initialState: 'backup',
    priority: 100,
    advertUs: 1_000_000,
    addresses: [],
    excludedAddresses: [],
    noVirtualAddress: false,
    routes: [],
    rules: [],
    promoteSecondaries: false,
    authentication: { kind: 'none' },
    nopreempt: false,
    preemptDelayUs: 0,
    accept: true,
    strict: false,
    trackSourceAddress: false,
    multicastGroup: family === 'inet' ? inet(224, 0, 0, 18) : { family: 'inet6', words: [0xff02_0000, 0, 0, 0x12] },
    v3ChecksumAsV2: false,
    dontTrackPrimary: false,
    vmacTransmitBase: false,
    garp: {
      masterDelayUs: 5_000_000,
      masterRepeat: 5,
      lowerPriorityDelayUs: 5_000_000,
      lowerPriorityRepeat: 5,
      masterRefreshUs: 0,
      masterRefreshRepeat: 1,
      extraInterfaceUs: 0,
      extraInterfaceAll: false,
    },
    downTimerAdverts: 3,
    lowerPriorityNoAdvert: false,
    higherPrioritySendAdvert: false,
    ownerIgnoreAdverts: false,
    skipCheckAdvertAddresses: false,
    addressMismatch: 'accept',
    track: NOTHING_TRACKED,
    notify: NO_NOTIFY,
    heartbeat: [],
    ...own,
  };
}

export const groupOf = (name: string, members: readonly string[]): SyncGroup => ({
  name,
  members,
  track: NOTHING_TRACKED,
  trackingWeight: false,
  notify: NO_NOTIFY,
});

export type Parts = Partial<Pick<KeepalivedConfiguration, 'instances' | 'syncGroups' | 'scripts' | 'files' | 'processes' | 'bfds'>> & {
  readonly startupDelayUs?: number;
  readonly interfaceDelays?: RootSettings['interfaceDelays'];
  readonly trackGroups?: RootSettings['trackGroups'];
};

export const configurationOf = ({
  startupDelayUs = 0,
  interfaceDelays = [],
  trackGroups = [],
  ...parts
}: Parts): KeepalivedConfiguration => ({
  root: { ...root, interfaceDelays, trackGroups },
  global: { ...global, startupDelayUs },
  instances: [],
  syncGroups: [],
  scripts: [],
  files: [],
  processes: [],
  bfds: [],
  virtualServerGroups: [],
  virtualServers: [],
  ...parts,
});
