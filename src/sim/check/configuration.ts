// Random virtual servers: what a file could state, all kinds of checks, and several servers on one host.

import type { Address } from '../../model/address.js';
import type { Script } from '../../model/keepalived/script.js';
import type { Checker, CheckKind, CheckTiming, HttpUrl, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { PLAIN_TUNNEL } from '../../model/service.js';
import type { Random } from '../random.js';
import type { Configuration } from './history.js';

export const HOSTS = 6;
export const TRACK_FILE = 'load';
export const BFD_NAME = 'peer';
export const SCRIPTS = ['/check/a', '/check/b'] as const;

const S = 1_000_000;
const inet = (...bytes: readonly [number, number, number, number]): Address => ({
  family: 'inet',
  words: [((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0],
});
export const hostAddress = (number: number): Address => inet(10, 0, 0, 1 + number);
const script = (text: string): Script => ({ argv: text.split(' '), text });

const urlOf = (path: string): HttpUrl => ({ path, statusCodes: [{ from: 200, to: 299 }], tlsCompliant: false });

function httpKind(random: Random): CheckKind {
  const urls = ['/', '/a', '/b'].slice(0, random.between(1, 3)).map(urlOf);
  const kind = random.pick(['http', 'ssl'] as const);
  return { kind, urls, protocol: '1.0', fastRecovery: random.chance(0.3), sni: false, tlsCompliant: false };
}

function kindOf(random: Random): CheckKind {
  switch (random.below(10)) {
    case 0:
      return { kind: 'file', trackFile: TRACK_FILE, weight: random.pick([0, 0, -3, 2, 1000]), reverse: random.chance(0.2) };
    case 1:
      return { kind: 'bfd', name: BFD_NAME };
    case 2:
    case 3:
      return {
        kind: 'misc',
        script: script(random.pick(SCRIPTS)),
        timeoutUs: random.pick([0, 500_000, 3 * S]),
        dynamic: random.chance(0.6),
      };
    case 4:
      return { kind: 'smtp' };
    case 5:
      return { kind: 'dns', type: 'A', name: 'example.com' };
    case 6:
    case 7:
      return httpKind(random);
    default:
      return random.chance(0.8)
        ? { kind: random.pick(['tcp', 'tcp', 'ping']) }
        : { kind: 'udp', requireReply: false, minReply: 0, maxReply: 255 };
  }
}

export function timingOf(random: Random, alpha: boolean): CheckTiming {
  const delayLoopUs = random.pick([1, 2, 3, 6, 10]) * S;
  return {
    alpha,
    connectTimeoutUs: random.pick([300_000, S, 5 * S]),
    retry: random.pick([0, 0, 1, 1, 2, 3]),
    delayBeforeRetryUs: random.pick([200_000, S, 2 * S]),
    warmupUs: random.pick([0, S, delayLoopUs]),
    delayLoopUs,
    rise: random.pick([1, 1, 1, 2, 3]),
    fall: random.pick([1, 1, 1, 2, 3]),
    logAllFailures: random.chance(0.3),
  };
}

export const checkerOf = (random: Random, alpha: boolean): Checker => ({
  check: kindOf(random),
  target: {},
  timing: timingOf(random, alpha),
});

export function realOf(random: Random, host: number, alpha: boolean): RealServer {
  const checkers = random.pick([0, 1, 1, 1, 1, 2, 3]);
  return {
    address: hostAddress(host),
    port: 80,
    method: 'masq',
    tunnel: PLAIN_TUNNEL,
    weight: random.pick([0, 1, 1, 1, 2, 5, 65_535]),
    upperThreshold: 0,
    lowerThreshold: 0,
    inhibitOnFailure: random.chance(0.3),
    slowStartUs: random.pick([0, 0, 0, 1, 3, 12, 25]) * S,
    alpha,
    smtpAlert: random.chance(0.5),
    checkers: Array.from({ length: checkers }, () => checkerOf(random, alpha)),
    ...(random.chance(0.5) ? { notifyUp: script(`up ${host}`), notifyDown: script(`down ${host}`) } : {}),
  };
}

const targets = (number: number): readonly VirtualServer['target'][] => [
  { kind: 'service', key: { kind: 'address', protocol: 'tcp', address: inet(192, 0, 2, 1 + number), port: 80 } },
  { kind: 'service', key: { kind: 'fwmark', family: 'inet', mark: 1 + number } },
  { kind: 'group', group: `G${number}` },
];

/** Hysteresis is below the quorum, as the reader of the file sees to. */
export function quorumOf(random: Random, weight: number): { readonly quorum: number; readonly hysteresis: number } {
  const quorum = random.pick([1, 1, 1, 2, 3, Math.max(1, Math.min(weight, 20))]);
  return { quorum, hysteresis: random.pick([0, 0, Math.min(1, quorum - 1), quorum - 1]) };
}

export const sorryOf = (): RealServer => ({
  address: inet(10, 9, 9, 9),
  port: 80,
  method: 'masq',
  tunnel: PLAIN_TUNNEL,
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  inhibitOnFailure: false,
  slowStartUs: 0,
  alpha: false,
  smtpAlert: false,
  checkers: [],
});

export const nameOf = (number: number): string => `[192.0.2.${1 + number}]:tcp:80`;

export function serverOf(random: Random, number: number): VirtualServer {
  const alpha = random.chance(0.25);
  const hosts = Array.from({ length: HOSTS }, (_, host) => host).filter(() => random.chance(0.5));
  const realServers = hosts.map((host) => realOf(random, host, alpha));
  const weight = realServers.reduce((sum, real) => sum + real.weight, 0);
  return {
    name: nameOf(number),
    target: random.pick([targets(number)[0]!, targets(number)[0]!, ...targets(number)]),
    protocol: 'tcp',
    scheduler: 'wlc',
    schedFlags: 0,
    method: 'masq',
    tunnel: PLAIN_TUNNEL,
    onePacket: false,
    alpha,
    omega: random.chance(0.4),
    ...quorumOf(random, weight),
    ...(random.chance(0.6) ? { quorumUp: script(`quorum up ${number}`), quorumDown: script(`quorum down ${number}`) } : {}),
    haSuspend: random.chance(0.2),
    smtpAlert: random.chance(0.4),
    ...(random.chance(0.45) ? { sorryServer: sorryOf() } : {}),
    sorryInhibit: random.chance(0.3),
    realServers,
  };
}

/** One more virtual server in front of the same hosts, with other weights. */
export const withServersOf = (random: Random, server: VirtualServer, other: VirtualServer): VirtualServer => ({
  ...server,
  realServers: other.realServers.map((real) => ({ ...real, weight: random.pick([real.weight, 3]), slowStartUs: random.pick([0, 12 * S]) })),
});

export function configurationOf(random: Random): Configuration {
  const count = random.pick([1, 1, 2, 3]);
  const settings = {
    checkerLogAllFailures: random.chance(0.2),
    sharedChecks: random.chance(0.5),
    noCheckerEmails: random.chance(0.3),
    rsInitNotifies: random.chance(0.3),
    lvsFlushOnStop: 'no',
  } as const;
  const servers = Array.from({ length: count }, (_, number) => serverOf(random, number));
  return {
    servers: servers.map((server) => (random.chance(0.5) ? withServersOf(random, server, random.pick(servers)) : server)),
    settings,
  };
}
