// Clients and servers that talk by FULLNAT and by tunnels on Debian's 6.1 kernel in an emulator, which is stricter than newer ones.
import { test } from 'node:test';
import { noGuest, passInGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: FULLNAT by tc and XDP, and servers behind tunnels, over both families', { skip: noGuest }, () => {
  passInGuest(['veth', 'bridge', 'tun'], ['datapath/fullnat', 'datapath/fullnat-xdp', 'datapath/tunnel-servers']);
});
