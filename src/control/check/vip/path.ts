// One probe of VIP_CHECK: a SYN goes to a real server as the datapath would hand it over, and what comes back shows whether clients are
// served, or which part of the way fails. Pure: frames in, frames out; the sequence numbers keep forged answers out.
//
// VS/DR: to the VIP, in a frame for the server. The first SYNs have a TTL of 1, so that a server without the VIP does not send them on, which
// could bring them back to the director as a client's. One that would send them on reports that; or its containers serve the VIP. So a last
// SYN has the usual TTL and a source port that the datapath does not schedule.
// VS/NAT: to the server's own address and port. Its source is the VIP, if this host has it and the server needs a gateway for it: the
// answer then comes only if the server's way back leads through this director. A last SYN comes from an address in the server's network.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { contains, hostLength } from '../../../model/subnet.js';
import { decodeArp, encodeArp } from '../../../wire/arp.js';
import { BROADCAST_MAC, decodeEthernet, EtherType, encodeEthernet, type Mac, ZERO_MAC } from '../../../wire/ethernet.js';
import { IcmpType } from '../../../wire/icmp.js';
import { neighbourClaim, neighbourSolicitation } from '../../../wire/ndisc-probe.js';
import { UNSCHEDULED_PORT } from '../../../wire/probe-filter.js';
import {
  type Arrival,
  arrivalIn,
  ECHO_SMALL_BYTES,
  type Probe,
  probeFrame,
  quotes,
  resetFrame,
  type Trial,
} from '../../../wire/probe-frames.js';
import { TcpFlag } from '../../../wire/tcp.js';
import type { Hop } from './hop.js';
import type { Endpoint, PathNumbers, PathState, PathTarget, Signs } from './path-state.js';
import { endpointText, silenceText, unreachableText } from './path-texts.js';

export interface PathStep {
  readonly state: PathState;
  readonly frames: readonly Uint8Array[];
  /** Undefined: it goes on. `failure`: the part of the way that fails, and why. */
  readonly end?: { readonly failure?: string };
}

const FIRST_TTL = 1;

export const beginPath = (target: PathTarget, hop: Hop, numbers: PathNumbers): PathState => ({
  target,
  hop,
  numbers,
  mac: hop.nextMac,
  isLast: false,
  signs: { vipEcho: false, serverEcho: false, neighbour: false, nearby: false },
});

/** VS/NAT: does the server need a gateway to answer the VIP, and is that expected to be this host? */
function asksFromVip({ method, vip }: PathTarget, { own, networks }: Hop): boolean {
  if (method !== 'masq' || !own.has(addressId(vip.address))) return false;
  return !networks.some((one) => one.prefixLength < hostLength(one.address) && contains(one, vip.address));
}

const aimOf = ({ method, vip, server }: PathTarget): Endpoint => (method === 'route' ? vip : server);

function probeTo({ hop }: PathState, mac: Mac, target: Address, content: Probe['content'], more: Partial<Probe> = {}): Probe {
  return { ifindex: hop.ifindex, mac: hop.mac, nextHopMac: mac, source: hop.source, target, content, ...more };
}

/** The SYNs of this probe: the first ones, and the last one with other numbers. */
function trials(state: PathState, mac: Mac): { readonly first: Trial; readonly last: Trial } {
  const { target, hop, numbers } = state;
  const { address, port } = aimOf(target);
  const content = { kind: 'syn', port } as const;
  const more = {
    ...(target.method === 'route' ? { ttl: FIRST_TTL } : {}),
    ...(asksFromVip(target, hop) ? { source: target.vip.address } : {}),
  };
  const isDirect = target.method === 'route';
  return {
    first: { probe: probeTo(state, mac, address, content, more), tag: numbers.port, sequence: numbers.sequence },
    last: {
      probe: probeTo(state, mac, address, content),
      tag: isDirect ? UNSCHEDULED_PORT : numbers.lastPort,
      sequence: numbers.lastSequence,
    },
  };
}

interface Echoes {
  readonly vip?: Trial;
  readonly server: Trial;
}

function echoes(state: PathState, mac: Mac): Echoes {
  const { target, numbers } = state;
  const content = { kind: 'echo', packetBytes: ECHO_SMALL_BYTES } as const;
  const echo = (to: Address, tag: number, ttl?: number): Trial => {
    return { probe: probeTo(state, mac, to, content, ttl === undefined ? {} : { ttl }), tag, sequence: 0 };
  };
  const server = echo(target.server.address, numbers.port);
  return target.method === 'route' ? { server, vip: echo(target.vip.address, numbers.lastPort, FIRST_TTL) } : { server };
}

/** Which MAC has the next hop? */
function neighbourFrame({ hop }: PathState): Uint8Array {
  if (hop.next.family === 'inet6') return neighbourSolicitation(hop.mac, hop.source, hop.next);
  const message = {
    operation: 'request',
    senderMac: hop.mac,
    senderAddress: hop.source,
    targetMac: ZERO_MAC,
    targetAddress: hop.next,
  } as const;
  return encodeEthernet({
    destination: BROADCAST_MAC,
    source: hop.mac,
    tags: [],
    etherType: EtherType.arp,
    payload: encodeArp(message),
  });
}

/** The last SYN, and what shows why nothing answers. */
function lastFrames(state: PathState, mac: Mac): readonly Uint8Array[] {
  const { vip, server } = echoes(state, mac);
  return [probeFrame(trials(state, mac).last), neighbourFrame(state), probeFrame(server), ...(vip === undefined ? [] : [probeFrame(vip)])];
}

/** A moment to ask (again). `isLast`: from now on with the last questions. */
export function askPath(state: PathState, isLast: boolean): PathStep {
  const { mac } = state;
  const now = { ...state, isLast: state.isLast || isLast };
  if (mac === undefined) return { state: now, frames: [neighbourFrame(now)] };
  return { state: now, frames: now.isLast ? lastFrames(now, mac) : [probeFrame(trials(now, mac).first)] };
}

/** So that nothing half-open stays at the server, whichever SYN it got. */
function resets(state: PathState, mac: Mac): readonly Uint8Array[] {
  const { first, last } = trials(state, mac);
  return [first, ...(state.isLast ? [last] : [])].flatMap((trial) => resetFrame(trial) ?? []);
}

function finish(state: PathState, failure?: string): PathStep {
  const { mac } = state;
  return { state, frames: mac === undefined ? [] : resets(state, mac), end: failure === undefined ? {} : { failure } };
}

const mark = (state: PathState, signs: Partial<Signs>): PathStep => ({
  state: { ...state, signs: { ...state.signs, ...signs } },
  frames: [],
});
const ignored = (state: PathState): PathStep => ({ state, frames: [] });

const answers = ({ probe }: Trial, { source, destination }: { readonly source: Address; readonly destination: Address }): boolean =>
  sameAddress(source, probe.target) && sameAddress(destination, probe.source);

function takeSegment(state: PathState, mac: Mac, segment: Extract<Arrival, { kind: 'segment' }>): PathStep {
  const { target } = state;
  const { first, last } = trials(state, mac);
  const { flags, sourcePort, destinationPort, sequence, acknowledgement } = segment;
  const isReturned = target.method === 'route' && sourcePort === last.tag && flags === TcpFlag.syn && sequence === last.sequence;
  if (isReturned && sameAddress(segment.destination, target.vip.address) && sameAddress(segment.source, last.probe.source)) {
    const failure = `forwarded: the server sends packets for ${formatAddress(target.vip.address)} back, it has no such address`;
    // A reset of the last SYN would come back as well.
    return { ...finish(state, failure), frames: resets({ ...state, isLast: false }, mac) };
  }
  const trial = [first, last].find((one) => one.tag === destinationPort && (one.sequence + 1) >>> 0 === acknowledgement);
  if (trial === undefined || sourcePort !== aimOf(target).port || !answers(trial, segment) || (flags & TcpFlag.ack) === 0)
    return ignored(state);
  if ((flags & TcpFlag.rst) !== 0) return finish(state, refusedText(target));
  if ((flags & TcpFlag.syn) === 0) return ignored(state);
  // From its own network alone is not enough where clients need its gateway.
  const isNearby = trial === last && asksFromVip(target, state.hop);
  return isNearby ? { ...mark(state, { nearby: true }), frames: resets(state, mac) } : finish(state);
}

const refusedText = (target: PathTarget): string =>
  target.method === 'route'
    ? `refused: the server has ${formatAddress(target.vip.address)}, but nothing listens on ${endpointText(target.vip)} there`
    : `refused: nothing listens on ${endpointText(target.server)}`;

function takeError(state: PathState, mac: Mac, { source, type, code, quoted }: Extract<Arrival, { kind: 'error' }>): PathStep {
  const { first, last } = trials(state, mac);
  const { vip } = echoes(state, mac);
  const isSyn = [first, last].some((trial) => quotes(quoted, trial) && quoted.sequence === trial.sequence);
  if (type === IcmpType.timeExceeded && (isSyn || (vip !== undefined && quotes(quoted, vip)))) {
    const { state: now } = mark(state, { forwarder: source });
    return state.isLast ? ignored(now) : askPath(now, true);
  }
  return isSyn && type === IcmpType.unreachable ? finish(state, unreachableText(state.target, source, code)) : ignored(state);
}

function takeEcho(state: PathState, mac: Mac, reply: Extract<Arrival, { kind: 'echo-reply' }>): PathStep {
  const { vip, server } = echoes(state, mac);
  if (vip?.tag === reply.id && answers(vip, reply)) return mark(state, { vipEcho: true });
  return server.tag === reply.id && answers(server, reply) ? mark(state, { serverEcho: true }) : ignored(state);
}

interface Neighbour {
  readonly address: Address;
  readonly mac: Mac;
}

/** The answer to a question for a neighbour; undefined: another frame. */
function neighbourIn(frame: Uint8Array): Neighbour | undefined {
  const ethernet = decodeEthernet(frame);
  if (ethernet?.etherType !== EtherType.arp) {
    const claim = neighbourClaim(frame);
    return claim?.kind === 'holds' ? claim : undefined;
  }
  const message = decodeArp(ethernet.payload);
  return message?.operation === 'reply' ? { address: message.senderAddress, mac: message.senderMac } : undefined;
}

function takeNeighbour(state: PathState, { address, mac }: Neighbour): PathStep {
  if (!sameAddress(address, state.hop.next) || mac === state.hop.mac) return ignored(state);
  const { state: now } = mark(state, { neighbour: true });
  return state.mac === undefined ? askPath({ ...now, mac }, false) : ignored(now);
}

/** A frame that came in by the interface; most are not for this probe. */
export function takeFrame(state: PathState, frame: Uint8Array): PathStep {
  const neighbour = neighbourIn(frame);
  if (neighbour !== undefined) return takeNeighbour(state, neighbour);
  const arrival = state.mac === undefined ? undefined : arrivalIn(frame);
  if (state.mac === undefined || arrival === undefined) return ignored(state);
  switch (arrival.kind) {
    case 'segment':
      return takeSegment(state, state.mac, arrival);
    case 'error':
      return takeError(state, state.mac, arrival);
    case 'echo-reply':
      return takeEcho(state, state.mac, arrival);
    default:
      return ignored(state);
  }
}

/** The time is over. */
export const endPath = (state: PathState): PathStep => finish(state, silenceText(state));

/** The frames with which a probe is given up: they close what may be half-open. */
export const leavePath = (state: PathState): readonly Uint8Array[] => finish(state).frames;
