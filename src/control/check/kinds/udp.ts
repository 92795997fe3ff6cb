// UDP_CHECK: no ICMP error comes back within connect_timeout; with require_reply an answer of the right length and bytes comes.
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, type ProbeTools, sealed, succeeded } from '../probe.js';
import { connectionRules } from './connection-rules.js';
import { type Kind, only } from './rules.js';

/** keepalived's size of a payload that the file does not give. */
const RANDOM_BYTES = 32;

function payload({ check }: Attempt, { random }: ProbeTools): Uint8Array {
  const { payload: given } = only(check, 'udp');
  if (given === undefined) return Uint8Array.from({ length: RANDOM_BYTES }, () => random() & 0xff);
  return Uint8Array.from(given.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Whether an answer begins as wanted: two digits a byte, `x` for any. */
export function matchesReply(wanted: string, bytes: Uint8Array): boolean {
  const pairs = wanted.match(/../g) ?? [];
  if (bytes.length < pairs.length) return false;
  return pairs.every((pair, index) => {
    const got = (bytes[index] ?? 0).toString(16).padStart(2, '0');
    return [...pair.toLowerCase()].every((digit, place) => digit === 'x' || digit === got[place]);
  });
}

function step(state: undefined, input: ProbeInput, attempt: Attempt, tools: ProbeTools): ProbeStep<undefined> {
  const { requireReply, reply, minReply, maxReply } = only(attempt.check, 'udp');
  switch (input.kind) {
    case 'connected':
      return { state, send: payload(attempt, tools) };
    case 'timeout':
      return requireReply ? failed(state, 'failed') : succeeded(state);
    case 'received': {
      const { bytes } = input;
      if (!requireReply) return succeeded(state);
      const fits = bytes.length >= minReply && bytes.length <= maxReply && matchesReply(reply ?? '', bytes);
      return fits ? succeeded(state) : failed(state, 'reply data mismatch');
    }
    default:
      return failed(state, 'failed');
  }
}

const rules = connectionRules({ attempt: 'UDP connection to', check: 'UDP_CHECK', mail: 'UDP' });

export const udp: Kind = {
  ...rules,
  uncounted: ({ real }, text) => `UDP ${text === 'failed' ? 'connection' : 'check'} to ${real} ${text}.`,
  probe: sealed({ transport: () => 'udp', socketName: 'UDP', begin: () => undefined, step }),
};
