// VIP_CHECK, of weir alone: clients' packets get to the service by the VIP's own way. The conversation is in vip/path.ts: the transport holds
// one for each VIP, and reports `connected` where all were answered, `failed` with the first reason, `unreachable` where none could be held.
import { formatAddress } from '../../../model/address-text.js';
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, probeOf, succeeded } from '../probe.js';
import { connectionRules } from './connection-rules.js';
import type { Kind } from './rules.js';

const rules = connectionRules({ attempt: 'VIP connection to', check: 'VIP_CHECK', mail: 'VIP' });

function step(state: undefined, input: ProbeInput, { target }: Attempt): ProbeStep<undefined> {
  if (input.kind === 'connected') return succeeded(state);
  if (input.kind !== 'failed') return { state };
  if (input.phase !== 'unreachable') return failed(state, input.reason);
  const text = `VIP_CHECK of ${formatAddress(target.address)} port ${target.port} cannot be made: ${input.reason}`;
  return { state, outcome: { kind: 'not-made', text } };
}

export const vip: Kind = {
  ...rules,
  // The other checks have keepalived's line, which has no reason.
  failure: (subject, counted) => `${rules.failure(subject, counted).replace(/\.$/, '')}: ${counted.text}.`,
  uncounted: ({ real }, text) => `VIP connection to ${real} failed: ${text}.`,
  probe: probeOf({
    transport: () => 'frames',
    refused: { socket: 'VIP_CHECK fail to create socket. Rescheduling.', bind: 'VIP_CHECK socket bind failed. Rescheduling.' },
    begin: () => undefined,
    step,
  }),
};
