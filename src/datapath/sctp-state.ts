// The SCTP state machine of IPVS: the state of an association as a director sees it, which may receive the packets of one side only.
// Source: the kernel's tables (ip_vs_proto_sctp), whose rows test/datapath/vectors/sctp-states.txt has as numbers.
import type { TcpDirection } from './tcp-state.js';

/** The states in the kernel's order, by the names that it prints: their index is what the datapath and the sync protocol carry. */
export const SCTP_STATES = [
  'NONE',
  'INIT1',
  'INIT',
  'C-SENT',
  'C-REPLIED',
  'C-WAIT',
  'COOKIE',
  'C-ECHOED',
  'ESTABLISHED',
  'S-SENT',
  'S-RECEIVED',
  'S-ACK-SENT',
  'REJECTED',
  'CLOSED',
] as const;
export type SctpState = (typeof SCTP_STATES)[number];

/** The longest retransmission timeout (RFC 9260, 16) and a second more. */
const RTO_MAX_SECONDS = 61;

/** Seconds that an association lives on in a state without a packet. */
export function sctpTimeout(state: SctpState): number {
  if (state === 'NONE') return 2;
  if (state === 'INIT1' || state === 'REJECTED') return 4;
  return state === 'ESTABLISHED' ? 900 : RTO_MAX_SECONDS;
}

/** What a packet means to the machine, by its first chunk. */
export const SCTP_EVENTS = [
  'data',
  'init',
  'init-ack',
  'cookie-echo',
  'cookie-ack',
  'shutdown',
  'shutdown-ack',
  'shutdown-complete',
  'error',
  'abort',
] as const;
export type SctpEvent = (typeof SCTP_EVENTS)[number];

/** RFC 9260, 3.2; types that are not here are data. */
const EVENT_BY_CHUNK: Readonly<Record<number, SctpEvent>> = {
  1: 'init',
  2: 'init-ack',
  6: 'abort',
  7: 'shutdown',
  8: 'shutdown-ack',
  9: 'error',
  10: 'cookie-echo',
  11: 'cookie-ack',
  14: 'shutdown-complete',
};

export const sctpEvent = (chunkType: number): SctpEvent => EVENT_BY_CHUNK[chunkType] ?? 'data';

const SHORT: Readonly<Record<string, SctpState>> = {
  NO: 'NONE',
  I1: 'INIT1',
  IN: 'INIT',
  CS: 'C-SENT',
  CR: 'C-REPLIED',
  CW: 'C-WAIT',
  CO: 'COOKIE',
  CE: 'C-ECHOED',
  ES: 'ESTABLISHED',
  SS: 'S-SENT',
  SR: 'S-RECEIVED',
  SA: 'S-ACK-SENT',
  RJ: 'REJECTED',
  CL: 'CLOSED',
};

// Columns: the state before, in the order of SCTP_STATES.
const ROWS: Readonly<Record<TcpDirection, Readonly<Record<SctpEvent, string>>>> = {
  //                     NO I1 IN CS CR CW CO CE ES SS SR SA RJ CL
  input: {
    data: 'ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    init: 'I1 IN IN CS CR CW CO CE ES SS SR SA IN IN',
    'init-ack': 'CW CW CW CS CR CO CO CE ES SS SR SA RJ CL',
    'cookie-echo': 'CR IN IN CR CR CW CO CE ES SS SR SA RJ CL',
    'cookie-ack': 'ES I1 IN CS CR CW CO ES ES SS SR SA RJ CL',
    shutdown: 'SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL',
    'shutdown-ack': 'CL IN IN CS CR CW CO CE ES CL SR CL RJ CL',
    'shutdown-complete': 'CL CL CL CS CR CW CO CE ES SS SR CL RJ CL',
    error: 'CL I1 IN CS CR CW CO CL ES SS SR SA RJ CL',
    abort: 'CL CL CL CL CL RJ CL CL CL CL CL CL CL CL',
  },
  output: {
    data: 'ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    init: 'CW CW CW CW CW CW CW CW ES CW CW CW CW CW',
    'init-ack': 'CS CS CS CS CR CW CO CE ES SS SR SA RJ CL',
    'cookie-echo': 'CE CE CE CE CE CE CE CE ES SS SR SA RJ CL',
    'cookie-ack': 'ES ES ES ES ES ES ES ES ES SS SR SA RJ CL',
    shutdown: 'SS SS SS SS SS SS SS SS SS SS SR SA RJ CL',
    'shutdown-ack': 'SA SA SA SA SA CW CO CE ES SA SA SA RJ CL',
    'shutdown-complete': 'CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    error: 'CL CL CL CL CL CW CO CE ES SS SR SA RJ CL',
    abort: 'CL RJ CL CL CL CL CL CL CL CL CL CL CL CL',
  },
  'input-only': {
    data: 'ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL',
    init: 'I1 IN IN IN IN IN CO CE ES SS SR SA IN IN',
    'init-ack': 'CE CE CE CE CE CE CO CE ES SS SR SA RJ CL',
    'cookie-echo': 'ES ES ES ES ES ES CO CE ES SS SR SA RJ CL',
    'cookie-ack': 'ES I1 IN ES ES CW ES ES ES SS SR SA RJ CL',
    shutdown: 'SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL',
    'shutdown-ack': 'CL IN IN CS CR CW CO CE CL CL SR CL RJ CL',
    'shutdown-complete': 'CL CL CL CL CL CW CO CE ES SS CL CL RJ CL',
    error: 'CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    abort: 'CL CL CL CL CL RJ CL CL CL CL CL CL CL CL',
  },
};

/** The state after an event. `direction`: as of TCP. */
export function nextSctpState(direction: TcpDirection, event: SctpEvent, state: SctpState): SctpState {
  const next = SHORT[ROWS[direction][event].split(' ')[SCTP_STATES.indexOf(state)] ?? ''];
  if (next === undefined) throw new Error(`no row for ${direction} ${event} in ${state}`);
  return next;
}
