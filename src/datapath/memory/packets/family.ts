// The rules of a packet's address family.
import type { Family } from '../../../model/address.js';
import type { FamilyRules } from './family-rules.js';
import { ipv4 } from './ipv4/ipv4.js';
import { ipv6 } from './ipv6/ipv6.js';
import type { Packet } from './packet.js';

const families: Readonly<Record<Family, FamilyRules>> = { inet: ipv4, inet6: ipv6 };

export const rulesOf = ({ family }: Pick<Packet, 'family'>): FamilyRules => families[family];
