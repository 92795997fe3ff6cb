// ICMP errors in the words of RFC 792 and RFC 1812, and what they show about the host that sent them.
const UNREACHABLE: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed',
  9: 'network administratively prohibited',
  10: 'host administratively prohibited',
  13: 'communication administratively prohibited',
};

export interface IcmpError {
  readonly type: number;
  readonly code: number;
}

export function icmpText({ type, code }: IcmpError): string {
  if (type === 3) return `ICMP ${UNREACHABLE[code] ?? `unreachable, code ${code}`}`;
  if (type === 5) return 'ICMP redirect';
  if (type === 12) return 'ICMP parameter problem';
  return type === 11 ? 'ICMP time exceeded' : `ICMP type ${type}, code ${code}`;
}

/** A router without a route, or without an answer to ARP; a packet filter may answer so, too. */
export const isNoRoute = ({ type, code }: IcmpError): boolean => type === 3 && (code === 0 || code === 1);
/** No TCP sends these: a packet filter does. */
export const isFilter = ({ type, code }: IcmpError): boolean => type === 3 && [2, 3, 9, 10, 13].includes(code);
/** A host that forwards the packet instead of receiving it. */
export const isForwarded = ({ type }: IcmpError): boolean => type === 5 || type === 11;
