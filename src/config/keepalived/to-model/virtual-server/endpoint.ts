// Addresses with ports of virtual and real servers: read from words, and formatted as in keepalived's log.

import type { Address } from '../../../../model/address.js';
import { formatAddress, parseIpv4, parseIpv6 } from '../../../../model/address-text.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';

/** IPv4 or IPv6; as in keepalived, a mask or range behind an IPv4 address is ignored. */
export function readHost(text: string): Address | undefined {
  return parseIpv4(text.replace(/[-/].*$/s, '')) ?? parseIpv6(text.replace(/\/.*$/s, ''));
}

/** A port word; absent means 0. undefined: it is invalid, and reported. */
export function readPort(word: Word | undefined, report: Report): number | undefined {
  if (word === undefined || /^[+]?0*$/.test(word.text)) return 0;
  const { value, problem } = readWhole(word.text, { min: 1, max: 65535 });
  if (problem !== undefined) reportProblem(report, word.at, problem, 'a port is a number from 1 to 65535');
  return value;
}

/** `[192.0.2.1]:tcp:80`; for a firewall mark the protocol is `none`. */
export const endpointName = (address: Address, protocol: string, port: number): string =>
  `[${formatAddress(address)}]:${protocol.toLowerCase()}:${port}`;
