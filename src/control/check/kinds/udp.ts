// UDP_CHECK: no ICMP error comes back within connect_timeout; with require_reply an answer comes, which has the right length and bytes
// where bytes are given.
import { counted } from '../../../model/counted.js';
import { hexOf } from '../../../model/hex.js';
import type { Attempt, Outcome } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, probeOf, succeeded } from '../probe.js';
import { NOT_SENT } from '../refused.js';
import { connectionRules } from './connection-rules.js';
import { type Kind, only } from './rules.js';
import { seconds, shownHex } from './seen.js';

/** What keepalived sends where the file gives nothing: this text over and over, cut at 32 bytes. */
const DEFAULT_PAYLOAD = new TextEncoder().encode('keepalived check - '.repeat(2).slice(0, 32));

function payload({ check }: Attempt): Uint8Array {
  const { payload: given } = only(check, 'udp');
  if (given === undefined) return DEFAULT_PAYLOAD;
  return Uint8Array.from(given.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Two digits a byte, `x` for any. Of an answer that is shorter or longer only what both have is compared. */
export function matchesReply(wanted: string, bytes: Uint8Array): boolean {
  const pairs = (wanted.match(/../g) ?? []).slice(0, bytes.length);
  return pairs.every((pair, index) => {
    const got = hexOf([bytes[index] ?? 0]);
    return [...pair.toLowerCase()].every((digit, place) => digit === 'x' || digit === got[place]);
  });
}

function step(state: undefined, input: ProbeInput, attempt: Attempt): ProbeStep<undefined> {
  const { requireReply, reply, minReply, maxReply } = only(attempt.check, 'udp');
  switch (input.kind) {
    case 'connected':
      return { state, send: payload(attempt) };
    case 'timeout':
      return requireReply ? failed(state, 'failed', `no reply within ${seconds(attempt.connectTimeoutUs)}`) : succeeded(state);
    case 'received': {
      const { bytes } = input;
      if (!requireReply || reply === undefined) return succeeded(state);
      const fits = bytes.length >= minReply && bytes.length <= maxReply && matchesReply(reply, bytes);
      return fits ? succeeded(state) : failed(state, 'reply data mismatch', `${counted(bytes.length, 'byte')}: ${shownHex(bytes)}`);
    }
    case 'failed':
      return input.phase === 'read' ? failed(state, 'failed', input.reason) : { state, outcome: notSent(input) };
    default:
      return failed(state, 'failed');
  }
}

const notSent = ({ phase, reason, errno }: Extract<ProbeInput, { kind: 'failed' }>): Outcome => ({
  kind: 'failure',
  text: NOT_SENT,
  reason,
  cause: `UDP ${phase === 'write' ? 'send' : 'connect'} error ${errno ?? 0} - ${reason}`,
});

const rules = connectionRules({ attempt: 'UDP connection to', check: 'UDP_CHECK', mail: 'UDP' });

export const udp: Kind = {
  ...rules,
  uncounted: ({ real }, text) => (text === NOT_SENT ? undefined : `UDP ${text === 'failed' ? 'connection' : 'check'} to ${real} ${text}.`),
  probe: probeOf({
    transport: () => 'udp',
    refused: { socket: 'UDP connect fail to create socket. Rescheduling.' },
    begin: () => undefined,
    step,
  }),
};
