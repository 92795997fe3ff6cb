import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadReport } from './load-report.js';

test('nothing changed: nothing is printed', () => {
  assert.equal(loadReport([]), '');
});

test('one line for each interface, device, sysctl and repair', () => {
  const report = loadReport([
    { kind: 'loaded', connections: 1048576, services: 16384, destinations: 65536 },
    { kind: 'pair-made' },
    { kind: 'sysctl', path: 'net/ipv4/conf/lo/accept_local', from: '0', to: '1' },
    { kind: 'attached', name: 'lo', hook: 'ingress' },
    { kind: 'attached', name: 'lo', hook: 'egress' },
    { kind: 'detached', name: 'eth0', hook: 'xdp' },
    { kind: 'attached', name: 'eth0', hook: 'ingress' },
    { kind: 'recorded', name: 'eth0', differences: ['mac', 'flags'] },
    { kind: 'forgotten', ifindex: 77 },
    { kind: 'unrecorded', name: 'veth9', covered: true },
    { kind: 'unrecorded', name: 'tun9', covered: false },
    { kind: 'link-up', name: 'weir1' },
    { kind: 'repaired', what: 'batch' },
    { kind: 'firewall-restored' },
    { kind: 'mark-rules', count: 1 },
    { kind: 'source-rules', family: 'inet', present: true },
    { kind: 'source-rules', family: 'inet6', present: false },
    { kind: 'local-marked', count: 1 },
    { kind: 'resized', room: 8192, moved: 1 },
    { kind: 'resized', room: 8192, moved: 0 },
    { kind: 'resized', label: 'IPv6', room: 8192, moved: 2 },
    { kind: 'listed-size', size: 1024 },
    { kind: 'move-finished', room: 4096, connections: 7, back: false },
    { kind: 'move-finished', room: 4096, connections: 7, back: true },
  ]);
  assert.deepEqual(report.split('\n'), [
    'loaded: room for 1048576 connections, 16384 services, 65536 destinations',
    'weir0 and weir1: made',
    'net.ipv4.conf.lo.accept_local: 1 instead of 0',
    'lo: attached at tc ingress, tc egress',
    'eth0: detached from XDP',
    'eth0: attached at tc ingress',
    'eth0: known by its new MAC address, kind of attachment',
    'interface number 77: forgotten, since it is gone',
    'veth9: has no record, since other interfaces have all places for its number; its rp_filter counts as the strictest of such ones',
    'tun9: not attached, since other interfaces have all places for its number',
    'weir1: set up',
    'the table: the changes of a killed command that were to be one were undone',
    'firewall: the way back from the packet filter (the nft table weir, or the routes of weir0) was gone, and is there again',
    'firewall marks: 1 policy rule made or removed',
    'IPv4: routes may depend on the source of packets, so replies of each virtual address have their own next hops',
    'IPv6: no route depends on the source of packets any more',
    '1 destination: known to be an address of this host, or not to be one any more',
    'the connection table: room for 8192 connections now; 1 connection moved, none was lost',
    'the connection table: room for 8192 connections now; there was none to move',
    'the connection table of IPv6: room for 8192 connections now; 2 connections moved, none was lost',
    'listings show size=1024; the connection tables stay as they are',
    'the connection table: what a killed command had begun was finished, room for 4096 connections now',
    'the connection table: the new size of a killed command was taken back, room for 4096 connections stays',
    '',
  ]);
});
