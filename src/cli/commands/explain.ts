// weir explain: where the datapath would send a packet, and why there. Nothing changes.

import { newPacketFate } from '../../doctor/new-packet-fate.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Protocol } from '../../model/service.js';
import { type Asked, explainLive } from '../../report/explain/live-probe.js';
import { observedReader } from '../../report/observed-reader.js';
import { command, expectWords, onlyOne } from '../command.js';
import { explanationText } from '../explain/explanation-text.js';
import type { Flags } from '../flags.js';
import { readEndpoint } from '../read-endpoint.js';

const USAGE = `usage: weir explain --from ADDRESS:PORT --to ADDRESS:PORT [--tcp|--udp|--sctp] [--dev IF] [--mark N]
                    [--begin] [--ttl N] [--length BYTES] [--call CALL-ID] [--host NAME [--path PATH]] [--json]
       prints which service, connection or template a packet meets, which server the scheduler would choose and why none
       of the others, what the packet becomes and by which interface and next hop it leaves, or why it is dropped, refused
       or left to the stack; it reads the live tables and changes nothing
       --from RIP:PORT --to CLIENT:PORT asks about a reply
       --dev     by which the packet comes; default: the interface that leads back to its source, or lo
       --mark    that netfilter gives it
       --begin   a SYN or an INIT; default: only where there is no connection yet, and no grace period (weir sync) runs
       --length  of the IP packet, which may not be fragmented (IPv4: DF)
       --call    Call-ID of a SIP message, for services with --pe sip
       --host    of the first request, for an address that weir switch has; TLS: the name that is asked for
       --path    of that request, with its query; default: /
       exit status: 0 explained
`;
const TYPES = {
  from: 'value',
  to: 'value',
  tcp: 'flag',
  udp: 'flag',
  sctp: 'flag',
  dev: 'value',
  mark: 'value',
  begin: 'flag',
  ttl: 'value',
  length: 'value',
  call: 'value',
  host: 'value',
  path: 'value',
  json: 'flag',
} as const;
type Given = Flags<typeof TYPES>;

const [TTL, TTL_MAX, LENGTH_MAX, MARK_MAX] = [64, 255, 65_535, 0xffff_ffff] as const;

/** Decimal, or hexadecimal as firewalls print marks. @throws WeirError option-value */
function readNumber(option: string, text: string, min: number, max: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new WeirError('option-value', { option, expected: `a number from ${min} to ${max}`, given: text });
}

/** @throws WeirError options-exclude */
const protocolOf = (flags: Given): Protocol => onlyOne(flags, 'tcp', 'udp', 'sctp') ?? 'tcp';

/** @throws WeirError option-missing, option-value, option-not-here */
function askedOf(flags: Given): Asked {
  const { from, to, dev, mark, ttl, length, call } = flags;
  if (from === undefined) throw new WeirError('option-missing', { option: '--from' });
  if (to === undefined) throw new WeirError('option-missing', { option: '--to' });
  const [source, target] = [readEndpoint('--from', from), readEndpoint('--to', to)];
  if (source.address.family !== target.address.family)
    throw new WeirError('option-value', { option: '--to', expected: "an address of --from's family", given: to });
  const protocol = protocolOf(flags);
  if (flags.path !== undefined && flags.host === undefined) throw new WeirError('option-missing', { option: '--host' });
  if (call !== undefined && protocol !== 'udp') throw new WeirError('option-not-here', { options: '--call', only: '--udp' });
  return {
    protocol,
    from: source,
    to: target,
    mark: mark === undefined ? 0 : readNumber('--mark', mark, 0, MARK_MAX),
    ttl: ttl === undefined ? TTL : readNumber('--ttl', ttl, 1, TTL_MAX),
    ...(dev === undefined ? {} : { device: dev }),
    ...(flags.begin ? { begins: true } : {}),
    ...(length === undefined ? {} : { length: readNumber('--length', length, 0, LENGTH_MAX) }),
    ...(call === undefined ? {} : { call }),
    ...(flags.host === undefined ? {} : { request: { host: flags.host, path: flags.path ?? '/' } }),
  };
}

export const run = command({ name: 'weir explain', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  expectWords(words, 0);
  const asked = askedOf(flags);
  const reader = observedReader();
  try {
    const explanation = explainLive(reader, asked, newPacketFate);
    io.out(flags.json ? `${JSON.stringify(explanation)}\n` : explanationText(explanation));
  } finally {
    reader.close();
  }
  return 0;
});
