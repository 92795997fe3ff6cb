// The TCP state machine of IPVS: the state of a connection as a director sees it, which may receive the packets of one side only.
// Source: the kernel's tables as recorded from its answers (test/datapath/vectors/tcp-states.txt).

/** The states in the kernel's order: their index is what the datapath and the sync protocol carry. */
export const TCP_STATES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
] as const;
export type TcpState = (typeof TCP_STATES)[number];

/** Seconds that a connection lives on in a state without a packet. `--set` changes ESTABLISHED and FIN_WAIT only. */
export const TCP_TIMEOUTS: Readonly<Record<TcpState, number>> = {
  NONE: 2,
  ESTABLISHED: 900,
  SYN_SENT: 120,
  SYN_RECV: 60,
  FIN_WAIT: 120,
  TIME_WAIT: 120,
  CLOSE: 10,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  LISTEN: 120,
  SYNACK: 120,
};

/** Bits of a TCP header's flags byte. */
export const TCP_FLAGS = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10, urg: 0x20 } as const;

export type TcpEvent = 'syn' | 'fin' | 'ack' | 'rst';
/** `input`: client to server; `output`: server to client; `input-only`: client to server where no reply was ever seen. */
export type TcpDirection = 'input' | 'output' | 'input-only';
/** `secure`: the table in force under secure_tcp (a defence against SYN floods). */
export type TcpTable = 'normal' | 'secure';

const SHORT: Readonly<Record<string, TcpState>> = {
  NO: 'NONE',
  ES: 'ESTABLISHED',
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  FW: 'FIN_WAIT',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  LI: 'LISTEN',
  SA: 'SYNACK',
};

type Rows = Readonly<Record<TcpDirection, Readonly<Record<TcpEvent, string>>>>;

// Columns: the state before, in the order of TCP_STATES.
const NORMAL: Rows = {
  //        NO ES SS SR FW TW CL CW LA LI SA
  input: {
    syn: 'SR ES ES SR SR SR SR SR SR SR SR',
    fin: 'CL CW SS TW TW TW CL CW LA LI TW',
    ack: 'ES ES SS ES FW TW CL CW CL LI ES',
    rst: 'CL CL CL SR CL CL CL CL LA LI SR',
  },
  output: {
    syn: 'SS ES SS SR SS SS SS SS SS LI SR',
    fin: 'TW FW SS TW FW TW CL TW LA LI TW',
    ack: 'ES ES SS ES FW TW CL CW LA ES ES',
    rst: 'CL CL SS CL CL TW CL CL CL CL CL',
  },
  'input-only': {
    syn: 'SR ES ES SR SR SR SR SR SR SR SR',
    fin: 'CL FW SS TW FW TW CL CW LA LI TW',
    ack: 'ES ES SS ES FW TW CL CW CL LI ES',
    rst: 'CL CL CL SR CL CL CL CL LA LI CL',
  },
};

const SECURE: Rows = {
  input: {
    syn: 'SR ES ES SR SR SR SR SR SR SR SA',
    fin: 'CL CW SS TW TW TW CL CW LA LI SA',
    ack: 'ES ES SS SR FW TW CL CW CL LI SA',
    rst: 'CL CL CL SR CL CL CL CL LA LI CL',
  },
  output: { ...NORMAL.output, syn: 'SS ES SS SA SS SS SS SS SS LI SA' },
  'input-only': { ...NORMAL['input-only'], syn: 'SA ES ES SR SA SA SA SA SA SA SA' },
};

const TABLES: Readonly<Record<TcpTable, Rows>> = { normal: NORMAL, secure: SECURE };

/** What a segment means to the machine: RST before SYN before FIN before ACK; null when it carries none of them. */
export function tcpEvent(flags: number): TcpEvent | null {
  if (flags & TCP_FLAGS.rst) return 'rst';
  if (flags & TCP_FLAGS.syn) return 'syn';
  if (flags & TCP_FLAGS.fin) return 'fin';
  if (flags & TCP_FLAGS.ack) return 'ack';
  return null;
}

/** The state after an event; a segment with none of the four flags closes. */
export function nextTcpState(table: TcpTable, direction: TcpDirection, event: TcpEvent | null, state: TcpState): TcpState {
  if (event === null) return 'CLOSE';
  const next = SHORT[TABLES[table][direction][event].split(' ')[TCP_STATES.indexOf(state)] ?? ''];
  if (next === undefined) throw new Error(`no row for ${direction} ${event} in ${state}`);
  return next;
}

/** Whether a segment may open a connection: a SYN (with or without ACK), anything under sloppy_tcp, never an RST. */
export function opensTcpConnection(flags: number, sloppy: boolean): boolean {
  return (flags & TCP_FLAGS.rst) === 0 && (sloppy || (flags & TCP_FLAGS.syn) !== 0);
}

/** Whether a state counts as an active connection of its destination; all others count as inactive. */
export function isActiveTcpState(state: TcpState): boolean {
  return state === 'ESTABLISHED' || state === 'SYN_SENT' || state === 'SYN_RECV' || state === 'SYNACK';
}
