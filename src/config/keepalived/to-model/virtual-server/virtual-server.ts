// virtual_server: its keywords, its servers, and what is inconsistent.
import type { Family } from '../../../../model/address.js';
import type { GlobalSettings } from '../../../../model/keepalived/global.js';
import type { BfdInstance, TrackFile } from '../../../../model/keepalived/trackers.js';
import type { RealServer, VirtualServer, VirtualServerGroup } from '../../../../model/keepalived/virtual-server.js';
import { DEFAULT_SCHEDULER } from '../../../../model/schedulers.js';
import { type Persistence, PLAIN_TUNNEL, type Protocol } from '../../../../model/service.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { allOf, blocksOf, booleanOf, has, lastOf, numberOf, placeOf, scriptOf, textOf } from '../../values/values.js';
import { slowStartOf, timingOf } from './check-timing.js';
import type { Forwarding } from './forwarding.js';
import { buildRealServer, buildSorryServer, forwardingOf, type ServerDefaults } from './real-server.js';
import { persistenceOfAnyPort, readFlags, readPersistence } from './scheduling.js';
import {
  isMarksOnly,
  nameIn,
  readFamily,
  readProtocol,
  readTarget,
  servesAnyPort,
  serviceKey,
  type Target,
  vipsOf,
} from './service-target.js';
import { checkGroupPorts, fitQuorum, type PlacedServer, withoutDuplicates } from './virtual-server-consistency.js';

/** What a virtual server refers to elsewhere in the file. */
export interface ServerSurroundings {
  readonly global: Pick<GlobalSettings, 'checkerLogAllFailures'>;
  readonly groups: readonly VirtualServerGroup[];
  readonly files: readonly TrackFile[];
  readonly bfds: readonly BfdInstance[];
  readonly report: Report;
}

/** Whether mail is sent about servers or services, if the block does not set it. */
function mailDefault(root: Values, fallback: boolean): boolean {
  const globals = blocksOf(root, 'global_defs');
  const booleanIn = (keyword: string): boolean | undefined =>
    globals.map((block) => booleanOf(block, keyword)).findLast((value) => value !== undefined);
  return booleanIn('smtp_alert_checker') ?? booleanIn('smtp_alert') ?? fallback;
}

function readSorry(block: Values, name: string, defaults: ServerDefaults): { server?: RealServer; inhibit: boolean } {
  const { report } = defaults;
  const order = [...block.of.keys()];
  const stated = lastOf(block, 'sorry_server');
  const behind = (keyword: string): boolean => stated !== undefined && order.indexOf(keyword) > order.indexOf('sorry_server');
  if (!behind('sorry_server_inhibit')) {
    for (const { at } of allOf(block, 'sorry_server_inhibit')) report('sorry-server-inhibit-without-server', at);
  }
  if (!behind('sorry_server_lvs_method')) {
    for (const { at } of allOf(block, 'sorry_server_lvs_method')) report('sorry-server-method-without-server', at);
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
  report('ha-suspend-with-fwmark', placeOf(block, 'ha_suspend'), { name });
  return false;
}

function readOnePacket(block: Values, protocol: Protocol, marksOnly: boolean, name: string, report: Report): boolean {
  if (!has(block, 'ops') || marksOnly || protocol === 'udp') return has(block, 'ops');
  report('one-packet-requires-udp', placeOf(block, 'ops'), { name });
  return false;
}

/** The defaults for real servers, without the forwarding method. */
function serverDefaults(
  block: Values,
  root: Values,
  around: ServerSurroundings,
): Omit<ServerDefaults, 'port' | 'protocol' | 'service' | 'forwarding'> {
  const { global, files, bfds, report } = around;
  const above = {
    alpha: false,
    connectTimeoutUs: 5_000_000,
    delayLoopUs: 60_000_000,
    rise: 1,
    fall: 1,
    logAllFailures: global.checkerLogAllFailures,
  };
  return {
    weight: numberOf(block, 'weight') ?? 1,
    inhibitOnFailure: has(block, 'inhibit_on_failure'),
    slowStartUs: slowStartOf(block) ?? 0,
    smtpAlert: mailDefault(root, true),
    timing: timingOf(block, above),
    files,
    bfds,
    report,
  };
}

/** The optional properties of the model. */
function extras(block: Values): Partial<Pick<VirtualServer, 'quorumUp' | 'quorumDown' | 'virtualHost'>> {
  const [quorumUp, quorumDown, virtualHost] = [scriptOf(block, 'quorum_up'), scriptOf(block, 'quorum_down'), textOf(block, 'virtualhost')];
  return {
    ...(quorumUp === undefined ? {} : { quorumUp }),
    ...(quorumDown === undefined ? {} : { quorumDown }),
    ...(virtualHost === undefined ? {} : { virtualHost }),
  };
}

/** What is known before the real servers are read. */
interface Head {
  readonly target: Target;
  readonly family?: Family;
  /** The method as written; undefined where keepalived sets NAT. */
  readonly forwarding: Forwarding | undefined;
  readonly marksOnly: boolean;
  readonly defaults: ServerDefaults;
}

function readHead(block: Values, root: Values, around: ServerSurroundings): Head | undefined {
  const { groups, report } = around;
  const target = readTarget(block, report);
  if (target === undefined) return undefined;
  const forwarding = forwardingOf(block, 'lvs_method', 'virtual server', report);
  const method = forwarding ?? { method: 'masq', tunnel: PLAIN_TUNNEL };
  const family = readFamily(block, target, method, report);
  for (const { value, at } of allOf(block, 'snmp_name')) {
    if ((value as readonly Word[]).length !== 1) report('virtual-server-snmp-name', at);
  }
  const marksOnly = isMarksOnly(target, groups);
  const known = family === undefined ? {} : { family };
  const protocol = (textOf(block, 'protocol')?.toLowerCase() ?? 'udp') as Protocol;
  const defaults: ServerDefaults = {
    ...serverDefaults(block, root, around),
    ...known,
    protocol: target.kind === 'fwmark' ? 'none' : protocol,
    service: { protocol: marksOnly ? 'tcp' : protocol, vips: vipsOf(target, groups) },
    port: target.kind === 'address' ? target.port : 0,
    forwarding: method,
  };
  return { target, ...known, forwarding, marksOnly, defaults };
}

/** The usable real servers, in order; having none is reported. */
function readServers(block: Values, { target, defaults }: Head): readonly PlacedServer[] {
  const name = nameIn(target, textOf(block, 'protocol')?.toLowerCase() ?? 'none');
  const servers = serversOf(block, name, defaults, target.kind === 'group');
  if (servers.length === 0) defaults.report('virtual-server-without-real-servers', block.at, { name });
  return servers;
}

function readAnyPersistence(block: Values, head: Head, name: string, groups: readonly VirtualServerGroup[]): Persistence | undefined {
  const { target, family = 'inet', defaults } = head;
  const persistence = readPersistence(block, family, defaults.report);
  if (persistence !== undefined || !servesAnyPort(target, groups)) return persistence;
  return persistenceOfAnyPort(block, family, name, defaults.report);
}

function buildVirtualServer(block: Values, root: Values, around: ServerSurroundings): VirtualServer | undefined {
  const { groups, report } = around;
  const head = readHead(block, root, around);
  const servers = head === undefined ? [] : readServers(block, head);
  if (head === undefined || servers.length === 0) return undefined;
  const { target, marksOnly, defaults } = head;
  const protocol = readProtocol(block, target, marksOnly, groups, report);
  const name = nameIn(target, protocol);
  reportDefaults(block, head.forwarding, name, report);
  const persistence = readAnyPersistence(block, head, name, groups);
  const realServers = withoutDuplicates(servers, name, defaults.protocol, report);
  const group = target.kind === 'group' ? groups.find((one) => one.name === target.name) : undefined;
  checkGroupPorts(group, name, realServers, protocol, block.at, report);
  const { server: sorryServer, inhibit: sorryInhibit } = readSorry(block, name, defaults);
  return {
    name,
    target:
      target.kind === 'group' ? { kind: 'group', group: target.name } : { kind: 'service', key: serviceKey(target, protocol, head.family) },
    protocol,
    scheduler: textOf(block, 'lvs_sched') ?? DEFAULT_SCHEDULER,
    schedFlags: readFlags(block, report),
    ...defaults.forwarding,
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

function reportDefaults(block: Values, forwarding: Forwarding | undefined, name: string, report: Report): void {
  if (!has(block, 'lvs_sched')) report('scheduler-missing', block.at, { name });
  // No common method is needed if every server names one.
  const servers = blocksOf(block, 'real_server');
  if (forwarding === undefined && (servers.length === 0 || servers.some((server) => !has(server, 'lvs_method'))))
    report('forwarding-missing', block.at, { name });
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
