// What the rules for packets leave to a protocol: which packets begin or end a connection, and the state after each.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { nextSctpState } from '../../sctp-state.js';
import { nextTcpState, opensTcpConnection, TCP_FLAGS, type TcpDirection, tcpEvent } from '../../tcp-state.js';
import type { Packet } from './packet.js';
import type { Settings } from './settings.js';
import { type ConnectionState, isSctpState, isTcpState, UDP } from './state.js';

export interface ProtocolRules {
  /** May it begin a connection where there is none? */
  mayBegin(settings: Settings, packet: Packet): boolean;
  /** May it, of a connection that there is, begin another one? */
  beginsAgain(packet: Packet): boolean;
  isReset(packet: Packet): boolean;
  /** A client with a forged address cannot make a server send this in an established connection. */
  canProve(packet: Packet): boolean;
  /** May a single packet begin it as established? */
  isSloppy(settings: Settings): boolean;
  stateAfter(settings: Settings, direction: TcpDirection, packet: Packet, state: ConnectionState): ConnectionState;
}

const isSyn = ({ flags }: Packet): boolean => (flags & TCP_FLAGS.syn) !== 0;
const isRst = ({ flags }: Packet): boolean => (flags & TCP_FLAGS.rst) !== 0;

const tcp: ProtocolRules = {
  mayBegin: ({ sloppyTcp }, { flags }) => opensTcpConnection(flags, sloppyTcp),
  beginsAgain: isSyn,
  isReset: isRst,
  // To a forged client's ACK a server answers by an RST, if by anything.
  canProve: (packet) => !isSyn(packet),
  isSloppy: ({ sloppyTcp }) => sloppyTcp,
  stateAfter: ({ defence }, direction, { flags }, state) =>
    isTcpState(state) ? nextTcpState(defence.isSecure ? 'secure' : 'normal', direction, tcpEvent(flags), state) : state,
};

/** Only the state machine looks beyond the first chunk, as in the kernel's IPVS. */
const sctp: ProtocolRules = {
  mayBegin: ({ sloppySctp }, { event }) => event === 'init' || (sloppySctp && event !== 'abort'),
  beginsAgain: ({ event }) => event === 'init',
  isReset: ({ event }) => event === 'abort',
  canProve: ({ event }) => event === 'data',
  isSloppy: ({ sloppySctp }) => sloppySctp,
  stateAfter: (_settings, direction, { event, abortFollows }, state) =>
    isSctpState(state) ? nextSctpState(direction, abortFollows ? 'abort' : event, state) : state,
};

const udp: ProtocolRules = {
  mayBegin: () => true,
  beginsAgain: () => false,
  isReset: () => false,
  canProve: () => false,
  isSloppy: () => false,
  stateAfter: () => UDP,
};

const protocols: ReadonlyMap<number, ProtocolRules> = new Map([
  [IpProtocol.tcp, tcp],
  [IpProtocol.sctp, sctp],
]);

export const protocolRulesOf = ({ protocol }: Pick<Packet, 'protocol'>): ProtocolRules => protocols.get(protocol) ?? udp;
