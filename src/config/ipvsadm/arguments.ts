// Reads one ipvsadm command line from left to right into a draft: which command, which options, which values.
import type { Address, Family } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ClientAddress, ForwardingMethod, Protocol } from '../../model/service.js';
import type { DaemonRole } from '../../model/sync-daemon.js';
import { allOptions, type CommandName, isCommand, type OptionName, optionOf, type WordId } from './options.js';
import { Popt } from './popt.js';
import {
  integerOr,
  type Lookup,
  parseFwmark,
  parseIpv4Netmask,
  parseIpv6Netmask,
  parseMulticastGroup,
  parseSchedulerFlags,
  parseServiceAddress,
  parseTimeout,
} from './values.js';

/** The values as they were given, with ipvsadm's defaults; `grammar` checks them together. */
export interface Draft {
  command: CommandName;
  readonly options: Set<OptionName>;
  /** 0: the service is named by protocol, address and port. */
  fwmark: number;
  family: Family | undefined;
  protocol: Protocol | undefined;
  address: Address | undefined;
  port: number;
  scheduler: string;
  schedulerFlags: number;
  persistence: number;
  netmask: number;
  engine: string | undefined;
  server: { readonly address: Address; readonly port: number } | undefined;
  method: ForwardingMethod;
  weight: number;
  upperThreshold: number;
  lowerThreshold: number;
  tunnelType: 'ipip' | 'gue' | 'gre';
  tunnelPort: number;
  tunnelChecksum: 'nocsum' | 'csum' | 'remcsum';
  localAddresses: readonly Address[];
  clientAddress: ClientAddress | undefined;
  timeouts: readonly [number, number, number];
  role: DaemonRole;
  daemonInterface: string;
  syncId: number;
  group: Address | undefined;
  mcastPort: number | undefined;
  ttl: number | undefined;
  maxLength: number | undefined;
  syncPeers: readonly Address[] | undefined;
}

const WEIGHT_MAX = 0x7fffffff;
const NAME_LENGTH_MAX = 15;
const ENGINE_LENGTH_MAX = 16;

function emptyDraft(): Draft {
  return {
    command: 'list',
    options: new Set(),
    fwmark: 0,
    family: undefined,
    protocol: undefined,
    address: undefined,
    port: 0,
    scheduler: '',
    schedulerFlags: 0,
    persistence: 0,
    netmask: 0xffffffff,
    engine: undefined,
    server: undefined,
    method: 'route',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: 'ipip',
    tunnelPort: 0,
    tunnelChecksum: 'nocsum',
    localAddresses: [],
    clientAddress: undefined,
    timeouts: [0, 0, 0],
    role: 'master',
    daemonInterface: '',
    syncId: 0,
    group: undefined,
    mcastPort: undefined,
    ttl: undefined,
    maxLength: undefined,
    syncPeers: undefined,
  };
}

function daemonRole(text: string, what: string): DaemonRole {
  if (text !== 'master' && text !== 'backup') throw new WeirError('ipvsadm-illegal', { what });
  return text;
}

function takeCommand(draft: Draft, id: CommandName, argument: string): void {
  draft.command = id;
  if (id === 'start-daemon') draft.role = daemonRole(argument, 'start-daemon parameter');
  if (id === 'stop-daemon') draft.role = daemonRole(argument, 'start_daemon');
}

function takeService(draft: Draft, protocol: Protocol, text: string, lookup: Lookup): void {
  draft.protocol = protocol;
  const parsed = parseServiceAddress(text, protocol, lookup);
  if (parsed === undefined) throw new WeirError('ipvsadm-illegal', { what: 'virtual server address[:port]' });
  draft.address = parsed.address;
  draft.family = parsed.address.family;
  draft.port = parsed.port ?? 0;
  if (parsed.address.family === 'inet6') draft.netmask = 128;
}

function takeServer(draft: Draft, text: string, lookup: Lookup): void {
  const parsed = parseServiceAddress(text, draft.protocol, lookup);
  if (parsed === undefined) throw new WeirError('ipvsadm-illegal', { what: 'real server address[:port]' });
  draft.server = { address: parsed.address, port: parsed.port ?? draft.port };
}

function takeTunnelType(draft: Draft, text: string): void {
  if (text !== 'ipip' && text !== 'gue' && text !== 'gre') throw new WeirError('ipvsadm-illegal', { what: 'tunnel type' });
  draft.tunnelType = text;
}

function takeIpv6(draft: Draft): void {
  if (draft.fwmark === 0) throw new WeirError('ipvsadm-6-before-f');
  draft.family = 'inet6';
  draft.netmask = 128;
}

function takeNetmask(draft: Draft, text: string, lookup: Lookup): void {
  draft.netmask = draft.family === 'inet6' ? parseIpv6Netmask(text) : parseIpv4Netmask(text, lookup);
}

function takeFwmark(draft: Draft, text: string): void {
  draft.family = 'inet';
  draft.protocol = 'tcp';
  draft.fwmark = parseFwmark(text);
}

/** Addresses with commas between them: by numbers, since a name may have any number of addresses. */
function addressesIn(text: string, what: string): readonly Address[] {
  return text.split(',').map((each) => {
    const address = parseAddress(each);
    if (address === undefined) throw new WeirError('ipvsadm-illegal', { what });
    return address;
  });
}

function takeClientAddress(draft: Draft, text: string): void {
  if (text !== 'toa' && text !== 'proxy') throw new WeirError('ipvsadm-illegal', { what: 'client-address (toa or proxy)' });
  draft.clientAddress = text;
}

type Taker = (draft: Draft, text: string, lookup: Lookup) => void;

/** What each word does to the draft. A word that is not here only counts as given. */
const takers: Partial<Record<WordId, Taker>> = {
  'tcp-service': (draft, text, lookup) => takeService(draft, 'tcp', text, lookup),
  'udp-service': (draft, text, lookup) => takeService(draft, 'udp', text, lookup),
  'sctp-service': (draft, text, lookup) => takeService(draft, 'sctp', text, lookup),
  'fwmark-service': takeFwmark,
  scheduler: (draft, text) => {
    draft.scheduler = text.slice(0, NAME_LENGTH_MAX);
  },
  netmask: takeNetmask,
  'real-server': takeServer,
  masquerading: (draft) => {
    draft.method = 'masq';
  },
  ipip: (draft) => {
    draft.method = 'tunnel';
  },
  fullnat: (draft) => {
    draft.method = 'fullnat';
  },
  'local-address': (draft, text) => {
    draft.localAddresses = addressesIn(text, 'local address');
  },
  'client-address': takeClientAddress,
  gatewaying: (draft) => {
    draft.method = 'route';
  },
  weight: (draft, text) => {
    draft.weight = integerOr(text, 0, WEIGHT_MAX, 'weight');
  },
  'u-threshold': (draft, text) => {
    draft.upperThreshold = integerOr(text, 0, WEIGHT_MAX, 'u_threshold');
  },
  'l-threshold': (draft, text) => {
    draft.lowerThreshold = integerOr(text, 0, WEIGHT_MAX, 'l_threshold');
  },
  'mcast-interface': (draft, text) => {
    draft.daemonInterface = text.slice(0, NAME_LENGTH_MAX);
  },
  syncid: (draft, text) => {
    draft.syncId = integerOr(text, 0, 255, 'syncid');
  },
  ipv6: takeIpv6,
  pe: (draft, text) => {
    draft.engine = text.slice(0, ENGINE_LENGTH_MAX);
  },
  'mcast-group': (draft, text) => {
    draft.group = parseMulticastGroup(text);
  },
  'mcast-port': (draft, text) => {
    draft.mcastPort = integerOr(text, 1, 65535, 'mcast-port');
  },
  'mcast-ttl': (draft, text) => {
    draft.ttl = integerOr(text, 1, 255, 'mcast-ttl');
  },
  'sync-maxlen': (draft, text) => {
    draft.maxLength = integerOr(text, 1, 65507, 'sync-maxlen');
  },
  'sync-peers': (draft, text) => {
    draft.syncPeers = addressesIn(text, 'sync-peers');
  },
  'tun-type': takeTunnelType,
  'tun-port': (draft, text) => {
    draft.tunnelPort = integerOr(text, 1, 65535, 'tunnel port');
  },
  'tun-nocsum': (draft) => {
    draft.tunnelChecksum = 'nocsum';
  },
  'tun-csum': (draft) => {
    draft.tunnelChecksum = 'csum';
  },
  'tun-remcsum': (draft) => {
    draft.tunnelChecksum = 'remcsum';
  },
};

function takeOption(draft: Draft, popt: Popt<WordId>, id: WordId, argument: string | undefined, lookup: Lookup): void {
  if (isCommand(id)) throw new WeirError('ipvsadm-invalid-option', { text: popt.word });
  const option = optionOf(id);
  if (option !== undefined) {
    if (draft.options.has(option)) throw new WeirError('ipvsadm-option-twice', { name: option });
    draft.options.add(option);
  }
  if (id === 'persistent') draft.persistence = parseTimeout(argument, 1);
  else takers[id]?.(draft, argument ?? '', lookup);
}

function takeTimeouts(draft: Draft, popt: Popt<WordId>): void {
  const words = [popt.takeLeftover(), popt.takeLeftover(), popt.takeLeftover()];
  if (words.includes(undefined)) throw new WeirError('ipvsadm-set-three');
  const [tcp = 0, tcpFin = 0, udp = 0] = words.map((word) => parseTimeout(word ?? '', 0));
  draft.timeouts = [tcp, tcpFin, udp];
}

/** Reads the words in ipvsadm's order of checks. @throws WeirError ipvsadm-… */
export function readArguments(words: readonly string[], lookup: Lookup): Draft {
  const draft = emptyDraft();
  const popt = new Popt(words, allOptions);
  const first = popt.next();
  if (first.kind !== 'option' || !isCommand(first.id)) throw new WeirError('ipvsadm-try-help');
  takeCommand(draft, first.id, first.argument ?? '');
  if (draft.command === 'help' || draft.command === 'version') return draft;
  let flags = '';
  for (let step = popt.next(); step.kind !== 'end'; step = popt.next()) {
    if (step.kind === 'error') throw new WeirError('ipvsadm-bad-word', { word: popt.word, reason: step.reason });
    takeOption(draft, popt, step.id, step.argument, lookup);
    if (step.id === 'sched-flags') flags = step.argument ?? '';
  }
  if (draft.command === 'set') takeTimeouts(draft, popt);
  const extra = popt.takeLeftover();
  if (extra !== undefined) throw new WeirError('ipvsadm-argument', { text: extra });
  if (flags !== '') draft.schedulerFlags = parseSchedulerFlags(flags, draft.scheduler);
  return draft;
}
