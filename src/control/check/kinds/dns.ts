// DNS_CHECK: an answer to the query whose code is 0. Other datagrams, forged ones, too, are ignored.
import { formatAddress } from '../../../model/address-text.js';
import { DNS_TYPES, dnsAnswer, dnsQuery } from '../../../wire/dns.js';
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, probeOf, succeeded } from '../probe.js';
import { type Kind, only } from './rules.js';

/** RFC 1035 §4.1.1. */
const RCODES: Readonly<Record<number, string>> = { 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 4: 'NOTIMP', 5: 'REFUSED' };

/** The query's number. */
type State = number;

function step(id: State, input: ProbeInput, { check, target }: Attempt): ProbeStep<State> {
  switch (input.kind) {
    case 'connected':
      return query(id, only(check, 'dns'));
    case 'received': {
      const answer = dnsAnswer(input.bytes);
      if (answer?.id !== id) return { state: id };
      return answer.code === 0 ? succeeded(id) : failed(id, `read error occurred. (rcode = ${answer.code})`, RCODES[answer.code]);
    }
    case 'timeout':
      return failed(id, 'read timeout from socket');
    case 'failed':
      if (input.phase === 'unreachable') return failed(id, `network unreachable for [${formatAddress(target.address)}]:${target.port}`);
      if (input.phase === 'write') return failed(id, 'failed to write socket.');
      return failed(id, `failed to read socket; errno ${input.errno ?? 0} (${input.reason})`);
    default:
      return failed(id, 'connection failure.');
  }
}

function query(id: State, { name, type }: { readonly name: string; readonly type: string }): ProbeStep<State> {
  try {
    return { state: id, send: dnsQuery(id, name, DNS_TYPES[type.toUpperCase()] ?? 6) };
  } catch (error) {
    return failed(id, `the name ${name} cannot be asked for: ${(error as Error).message}`);
  }
}

export const dns: Kind = {
  success: () => undefined,
  failure: ({ real }, { text, retries, first }) => `DNS_CHECK (${real}) ${text}${first ? '' : ` after ${retries} retries`}`,
  uncounted: ({ real }, text) => `DNS_CHECK (${real}) ${text}`,
  mail: { up: () => 'DNS_CHECK: succeed on service', down: () => 'DNS_CHECK: failed on service' },
  notMade: ({ real }, text) => `DNS_CHECK (${real}) ${text}`,
  probe: probeOf({
    transport: () => 'udp',
    refused: { socket: 'failed to create socket. Rescheduling.', bind: 'UDP socket bind failed. Rescheduling.' },
    begin: (_, { random }) => random(),
    step,
  }),
};
