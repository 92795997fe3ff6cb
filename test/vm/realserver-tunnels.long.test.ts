// Real servers of VS/TUN on Debian's 6.1 kernel in an emulator, doctor on them and the page about procedures: kernels of small machines have no tunnels.
import { test } from 'node:test';
import { noGuest, passInGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: real servers take ipip, GRE and GUE over both families, and answer clients directly', { skip: noGuest }, () => {
  passInGuest(
    ['ipip', 'sit', 'ip_gre', 'ip6_tunnel', 'ip6_gre', 'fou', 'fou6', 'veth', 'bridge', 'arp_tables'],
    ['realserver/tunnels', 'doctor/tunnels', 'docs/tunnels.long'],
  );
});
