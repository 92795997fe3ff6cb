// virtual_server: its own words, its servers, and what does not fit together.
import type { Address, Family } from '../../../model/address.js';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { BfdInstance, TrackFile } from '../../../model/keepalived/trackers.js';
import type { GroupMember, RealServer, VirtualServer, VirtualServerGroup } from '../../../model/keepalived/virtual-server.js';
import type { Protocol } from '../../../model/service.js';
import type { Report, Values, Word } from '../keyword.js';
import { readWhole } from '../number.js';
import { timingOf } from './check-timing.js';
import { endpointName, readHost, readPort } from './endpoint.js';
import { type Forwarding, PLAIN_TUNNEL } from './forwarding.js';
import { buildRealServer, buildSorryServer, forwardingOf, type ServerDefaults } from './real-server.js';
import { persistenceOfAnyPort, readFlags, readPersistence } from './scheduling.js';
import { tellError } from './tell.js';
import { allOf, blocksOf, booleanOf, has, lastOf, numberOf, placeOf, scriptOf, textOf, wordsOf } from './values.js';
import { checkGroupPorts, fitQuorum, type PlacedServer, withoutTwins } from './virtual-server-checks.js';

/** What stands elsewhere in the file and a virtual server refers to. */
export interface ServerSurroundings {
  readonly global: Pick<GlobalSettings, 'checkerLogAllFailures'>;
  readonly groups: readonly VirtualServerGroup[];
  readonly files: readonly TrackFile[];
  readonly bfds: readonly BfdInstance[];
  readonly report: Report;
}

type Target =
  | { readonly kind: 'address'; readonly address: Address; readonly port: number }
  | { readonly kind: 'fwmark'; readonly mark: number }
  | { readonly kind: 'group'; readonly name: string };

function missingWord(word: Word, report: Report): undefined {
  const text = `*** Configuration line starting \`virtual_server\` is missing a parameter after keyword \`${word.text}\` at word position 3`;
  report({ severity: 'fatal', at: word.at, text });
}

function readMark(first: Word, word: Word | undefined, report: Report): Target | undefined {
  if (word === undefined) return missingWord(first, report);
  const { value, problem } = readWhole(word.text, { min: 0, max: 0xffffffff });
  if (problem !== undefined) tellError(report, word.at, problem);
  if (value !== undefined && value > 0) return { kind: 'fwmark', mark: value };
  tellError(
    report,
    word.at,
    `virtual server fwmark '${word.text}' must be in [0, 4294967295] - ignoring`,
    'a mark from 1 on: 0 is no mark',
  );
  return undefined;
}

function readTarget(block: Values, report: Report): Target | undefined {
  const [first, second] = block.label;
  if (first === undefined) return undefined;
  if (first.text === 'fwmark') return readMark(first, second, report);
  if (first.text === 'group') return second === undefined ? missingWord(first, report) : { kind: 'group', name: second.text };
  const port = readPort(second, report);
  const address = readHost(first.text);
  if (address !== undefined && port !== undefined) return { kind: 'address', address, port };
  const where = second === undefined ? first.text : `${first.text}/${second.text}`;
  tellError(
    report,
    first.at,
    `Invalid virtual server IP address${second === undefined ? '' : '/port'} ${where} - skipping`,
    'ADDRESS [PORT]',
  );
  return undefined;
}

/** As messages name it: `[192.0.2.1]:tcp:80`, `FWM 1`, `[NAME]:0`. */
function nameIn(target: Target, protocol: string): string {
  if (target.kind === 'fwmark') return `FWM ${target.mark}`;
  return target.kind === 'group' ? `[${target.name}]:0` : endpointName(target.address, protocol, target.port);
}

/** A mark's family: what is said, else that of the first server that is not reached by a tunnel. */
function markFamily(block: Values, forwarding: Forwarding): Family {
  const said = textOf(block, 'ip_family');
  if (said === 'inet' || said === 'inet6') return said;
  const granularity = textOf(block, 'persistence_granularity');
  if (granularity !== undefined) return granularity.includes('.') ? 'inet' : 'inet6';
  const servers = blocksOf(block, 'real_server').filter(
    (server) => (wordsOf(server, 'lvs_method')?.[0]?.text ?? (forwarding.method === 'tunnel' ? 'TUN' : '')) !== 'TUN',
  );
  const first = servers[0]?.label[0];
  return (first === undefined ? undefined : readHost(first.text)?.family) ?? 'inet';
}

function readFamily(block: Values, target: Target, forwarding: Forwarding, report: Report): Family | undefined {
  if (target.kind === 'group') return undefined;
  if (target.kind === 'fwmark') return markFamily(block, forwarding);
  const said = textOf(block, 'ip_family');
  if (said !== undefined && said !== target.address.family) {
    tellError(report, placeOf(block, 'ip_family'), `Virtual server specified family ${said} conflicts with server family`);
  }
  return target.address.family;
}

/** Those of the first group of that name; none where there is none. */
const membersOf = (target: Target, groups: readonly VirtualServerGroup[]): readonly GroupMember[] =>
  target.kind === 'group' ? (groups.find(({ name }) => name === target.name)?.members ?? []) : [];

/** Members that are marks alone need no protocol. */
function isMarksOnly(target: Target, groups: readonly VirtualServerGroup[]): boolean {
  if (target.kind !== 'group') return target.kind === 'fwmark';
  const members = membersOf(target, groups);
  return members.length > 0 && members.every((member) => member.kind === 'fwmark');
}

function readProtocol(block: Values, target: Target, marksOnly: boolean, groups: readonly VirtualServerGroup[], report: Report): Protocol {
  // A mark of inet6 keeps the original quiet, too.
  const silent =
    target.kind === 'group' && membersOf(target, groups).some((member) => member.kind === 'fwmark' && member.family === 'inet6');
  const said = textOf(block, 'protocol')?.toLowerCase() as Protocol | undefined;
  if (marksOnly) {
    if (said !== undefined && !silent) {
      const text = `Warning: Virtual server ${nameIn(target, 'none')}: protocol specified for fwmark - protocol will be ignored`;
      tellError(report, placeOf(block, 'protocol'), text);
    }
    return 'tcp';
  }
  if (said === undefined)
    tellError(report, block.at, `Virtual server ${nameIn(target, 'none')}: no protocol set - defaulting to UDP`, 'protocol TCP|UDP|SCTP');
  return said ?? 'udp';
}

/** Does a port-less service stand in the target? */
function servesAnyPort(target: Target, groups: readonly VirtualServerGroup[]): boolean {
  if (target.kind === 'address') return target.port === 0;
  if (target.kind === 'fwmark') return false;
  return membersOf(target, groups).some((member) => member.kind === 'range' && member.port === 0);
}

/** Whether mail is sent about servers or services when the block says nothing. */
function mailDefault(root: Values, fallback: boolean): boolean {
  const globals = blocksOf(root, 'global_defs');
  const said = (keyword: string): boolean | undefined =>
    globals.map((block) => booleanOf(block, keyword)).findLast((value) => value !== undefined);
  return said('smtp_alert_checker') ?? said('smtp_alert') ?? fallback;
}

function readSorry(block: Values, name: string, defaults: ServerDefaults): { server?: RealServer; inhibit: boolean } {
  const { report } = defaults;
  const order = [...block.of.keys()];
  const stated = lastOf(block, 'sorry_server');
  const behind = (keyword: string): boolean => stated !== undefined && order.indexOf(keyword) > order.indexOf('sorry_server');
  if (!behind('sorry_server_inhibit')) {
    for (const { at } of allOf(block, 'sorry_server_inhibit')) {
      tellError(report, at, 'Ignoring sorry_server inhibit used before or without sorry_server');
    }
  }
  if (!behind('sorry_server_lvs_method')) {
    for (const { at } of allOf(block, 'sorry_server_lvs_method'))
      tellError(report, at, 'sorry_server forwarding used without sorry_server');
  }
  const inhibit = behind('sorry_server_inhibit') && has(block, 'sorry_server_inhibit');
  const own = behind('sorry_server_lvs_method') ? forwardingOf(block, 'sorry_server_lvs_method', 'sorry server', report) : undefined;
  if (stated === undefined) return { inhibit: false };
  const server = buildSorryServer(stated.value as readonly Word[], stated.at, own, inhibit, name, defaults);
  return { inhibit, ...(server === undefined ? {} : { server }) };
}

function readHaSuspend(block: Values, target: Target, name: string, report: Report): boolean {
  if (!has(block, 'ha_suspend')) return false;
  if (target.kind !== 'fwmark') return true;
  tellError(report, placeOf(block, 'ha_suspend'), `Virtual server ${name}: cannot use ha_suspend with fwmarks - clearing ha_suspend`);
  return false;
}

function readOnePacket(block: Values, protocol: Protocol, marksOnly: boolean, name: string, report: Report): boolean {
  if (!has(block, 'ops') || marksOnly || protocol === 'udp') return has(block, 'ops');
  tellError(report, placeOf(block, 'ops'), `Virtual server ${name}: one packet scheduling requires UDP - resetting`);
  return false;
}

/** What a virtual server says to its servers, but for its forwarding. */
function serverDefaults(block: Values, root: Values, around: ServerSurroundings): Omit<ServerDefaults, 'port' | 'protocol' | 'forwarding'> {
  const { global, files, bfds, report } = around;
  const above = {
    alpha: false,
    connectTimeoutUs: 5_000_000,
    delayLoopUs: 60_000_000,
    logAllFailures: global.checkerLogAllFailures,
  };
  return {
    weight: numberOf(block, 'weight') ?? 1,
    inhibitOnFailure: has(block, 'inhibit_on_failure'),
    smtpAlert: mailDefault(root, true),
    timing: timingOf(block, above),
    files,
    bfds,
    report,
  };
}

/** The words that are optional in the model. */
function extras(block: Values): Partial<Pick<VirtualServer, 'quorumUp' | 'quorumDown' | 'virtualHost'>> {
  const [quorumUp, quorumDown, virtualHost] = [scriptOf(block, 'quorum_up'), scriptOf(block, 'quorum_down'), textOf(block, 'virtualhost')];
  return {
    ...(quorumUp === undefined ? {} : { quorumUp }),
    ...(quorumDown === undefined ? {} : { quorumDown }),
    ...(virtualHost === undefined ? {} : { virtualHost }),
  };
}

function buildVirtualServer(block: Values, root: Values, around: ServerSurroundings): VirtualServer | undefined {
  const { groups, report } = around;
  const target = readTarget(block, report);
  if (target === undefined) return undefined;
  const said = textOf(block, 'protocol')?.toLowerCase();
  const marksOnly = isMarksOnly(target, groups);
  const forwarding = forwardingOf(block, 'lvs_method', 'virtual server', report);
  const method = forwarding ?? { method: 'masq', tunnel: PLAIN_TUNNEL };
  const family = readFamily(block, target, method, report);
  for (const { value, at } of allOf(block, 'snmp_name')) {
    if ((value as readonly Word[]).length !== 1) tellError(report, at, 'virtual server snmp_name missing or extra parameters');
  }
  const port = target.kind === 'address' ? target.port : 0;
  const own = nameIn(target, said ?? 'none');
  const protocolWord = target.kind === 'fwmark' ? 'none' : (said ?? 'udp');
  const defaults: ServerDefaults = {
    ...serverDefaults(block, root, around),
    ...(family === undefined ? {} : { family }),
    protocol: protocolWord,
    port,
    forwarding: method,
  };
  const servers = serversOf(block, own, defaults, target.kind === 'group');
  if (servers.length === 0) {
    tellError(report, block.at, `Virtual server ${own} has no real servers - ignoring`, 'real_server ADDRESS [PORT] { … }');
    return undefined;
  }
  const protocol = readProtocol(block, target, marksOnly, groups, report);
  const name = nameIn(target, protocol);
  tellDefaults(block, forwarding, name, report);
  const persistent = readPersistence(block, family ?? 'inet', report);
  const persistence =
    persistent === undefined && servesAnyPort(target, groups) ? persistenceOfAnyPort(block, family ?? 'inet', name, report) : persistent;
  const realServers = withoutTwins(servers, name, protocolWord, report);
  if (target.kind === 'group')
    checkGroupPorts(
      groups.find((group) => group.name === target.name),
      name,
      realServers,
      protocol,
      block.at,
      report,
    );
  const { server: sorryServer, inhibit: sorryInhibit } = readSorry(block, name, defaults);
  return {
    name: target.kind === 'group' ? target.name : name,
    target:
      target.kind === 'group' ? { kind: 'group', group: target.name } : { kind: 'service', key: serviceKey(target, protocol, family) },
    protocol,
    scheduler: textOf(block, 'lvs_sched') ?? 'wlc',
    schedFlags: readFlags(block, report),
    ...method,
    onePacket: readOnePacket(block, protocol, marksOnly, name, report),
    alpha: has(block, 'alpha'),
    omega: has(block, 'omega'),
    ...fitQuorum(numberOf(block, 'quorum') ?? 1, numberOf(block, 'hysteresis') ?? 0, realServers, name, block.at, report),
    haSuspend: readHaSuspend(block, target, name, report),
    smtpAlert: booleanOf(block, 'smtp_alert') ?? mailDefault(root, false),
    sorryInhibit,
    realServers,
    ...extras(block),
    ...(persistence === undefined ? {} : { persistence }),
    ...(sorryServer === undefined ? {} : { sorryServer }),
  };
}

function tellDefaults(block: Values, forwarding: Forwarding | undefined, name: string, report: Report): void {
  if (!has(block, 'lvs_sched'))
    tellError(report, block.at, `Virtual server ${name}: no scheduler set, setting default 'wlc'`, 'lvs_sched wlc');
  if (forwarding === undefined)
    tellError(report, block.at, `Virtual server ${name}: no forwarding method set, setting default NAT`, 'lvs_method NAT');
}

function serviceKey(target: Exclude<Target, { kind: 'group' }>, protocol: Protocol, family: Family = 'inet') {
  if (target.kind === 'fwmark') return { kind: 'fwmark', family, mark: target.mark } as const;
  return { kind: 'address', protocol, address: target.address, port: target.port } as const;
}

/** `anyPort`: the members of a group have their own ports, so servers keep theirs. */
function serversOf(block: Values, name: string, defaults: ServerDefaults, anyPort: boolean): readonly PlacedServer[] {
  return blocksOf(block, 'real_server').flatMap((words) => {
    const port = anyPort ? Number(words.label[1]?.text ?? 0) || 0 : defaults.port;
    const server = buildRealServer(words, name, anyPort ? { ...defaults, port } : defaults);
    return server === undefined ? [] : [{ server, at: words.at, portless: words.label.length < 2 }];
  });
}

export const buildVirtualServers = (root: Values, around: ServerSurroundings): readonly VirtualServer[] =>
  blocksOf(root, 'virtual_server').flatMap((block) => buildVirtualServer(block, root, around) ?? []);
