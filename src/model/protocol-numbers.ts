// The IP protocol numbers of balanced protocols (IANA).
import type { Protocol } from './service.js';

export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };
