// Clients behind every kind of tunnel, and PPP, on Debian's 6.1 kernel in an emulator: kernels of small machines have no such devices.
import { test } from 'node:test';
import { noGuest, passInGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: clients behind ipip, sit, gre, ip6tnl, ip6gre, WireGuard and PPP are served', { skip: noGuest }, () => {
  passInGuest(['ipip', 'sit', 'ip_gre', 'ip6_tunnel', 'ip6_gre', 'wireguard', 'ppp_async'], ['datapath/tunnel-devices']);
});
