// A keepalived configuration as data, for tests of what runs on it: nothing in it, or one instance, and what a test changes.
import { parseAddress } from '../../src/model/address-text.js';
import type { KeepalivedConfiguration } from '../../src/model/keepalived/configuration.js';
import type { GlobalSettings, ProcessSettings, RootSettings } from '../../src/model/keepalived/global.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { ip } from './doctor-facts.js';

const SECOND_US = 1_000_000;
const ordinary: ProcessSettings = { noSwap: false, cpus: [] };

export const emptyGlobal: GlobalSettings = {
  notificationEmail: [],
  smtpTimeoutUs: 30 * SECOND_US,
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
  minAutoPriorityDelayUs: SECOND_US,
  checkerLogAllFailures: false,
  lvsFlush: false,
  lvsFlushOnStop: 'no',
  rsInitNotifies: false,
  processes: { parent: ordinary, vrrp: ordinary, checker: ordinary, bfd: ordinary },
  notActedOn: [],
};

export const emptyRoot: RootSettings = {
  usePidDirectory: false,
  childWaitUs: 5 * SECOND_US,
  staticAddresses: [],
  staticRoutes: [],
  staticRules: [],
  trackGroups: [],
  interfaceDelays: [],
};

export const emptyConfiguration: KeepalivedConfiguration = {
  root: emptyRoot,
  global: emptyGlobal,
  instances: [],
  syncGroups: [],
  scripts: [],
  files: [],
  processes: [],
  bfds: [],
  virtualServerGroups: [],
  virtualServers: [],
};

/** VI_1: version 2, VRID 51 on eth0, priority 100, one address 10.99.0.100/32. */
export const oneInstance: VrrpInstance = {
  name: 'VI_1',
  family: 'inet',
  version: 2,
  vrid: 51,
  interface: 'eth0',
  initialState: 'backup',
  priority: 100,
  advertUs: SECOND_US,
  addresses: [{ address: ip('10.99.0.100'), prefixLength: 32, flags: [], noTrack: false }],
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
  multicastGroup: parseAddress('224.0.0.18') ?? ip('224.0.0.18'),
  v3ChecksumAsV2: false,
  dontTrackPrimary: false,
  vmacTransmitBase: false,
  garp: {
    masterDelayUs: 5 * SECOND_US,
    masterRepeat: 5,
    lowerPriorityDelayUs: 5 * SECOND_US,
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
  track: { interfaces: [], scripts: [], files: [], processes: [], bfds: [] },
  notify: { priorityChanges: false, smtpAlert: false },
  heartbeat: [],
};
