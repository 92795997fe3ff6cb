// A trunk of VLANs on Debian's 6.1 kernel in an emulator: kernels of small machines have no VLANs.
import { test } from 'node:test';
import { noGuest, passInGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: clients and servers in VLANs are balanced, each mode of attaching', { skip: noGuest }, () => {
  passInGuest(['8021q'], ['datapath/vlan-devices']);
});

test('Debian’s 6.1 kernel: new connections by VLANs are held back until a peer has them', { skip: noGuest }, () => {
  passInGuest(['8021q', 'tun'], ['sync/hold-vlan.long']);
});
