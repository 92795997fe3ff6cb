// NAT of IPv6 by XDP, through another size of the table. (By tc, and without: live-ipv6.test.ts.)
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { masquerades } from './masquerades6.js';

test('IPv6, NAT by XDP: another size of the table, from a client and from the director, and a big transfer', { skip: noNamespaces() }, () =>
  masquerades('xdp', true),
);
