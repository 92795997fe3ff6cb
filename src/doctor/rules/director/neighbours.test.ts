// Neighbours, routers in front, and ports that are not served.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director, SERVER_MAC } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { Finding } from '../../../model/finding.js';
import { addressId } from '../../../model/identity.js';
import { diagnose } from '../../diagnose.js';
import type { DirectorFacts, ReflectionFact } from '../../facts.js';

const found = (change: Partial<DirectorFacts>): readonly Finding[] => diagnose({ ...director, ...change });
const codes = (change: Partial<DirectorFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);

test('a permanent entry for a client is wrong where another MAC answers, and right where none does', () => {
  const entry = { ifindex: 2, address: ip('10.5.0.20'), mac: '02:00:00:00:00:20', permanent: true };
  const answer = (mac: string) => [...director.holders, { ifindex: 2, address: ip('10.5.0.20'), mac }];
  const neighbours = [entry];
  assert.deepEqual(codes({ neighbours }), [], 'a host without ARP');
  assert.deepEqual(codes({ neighbours, holders: answer('02:00:00:00:00:20') }), []);
  assert.deepEqual(codes({ neighbours, holders: answer('02:00:00:00:00:21') }), ['warning neighbour-wrong']);
  assert.deepEqual(codes({ neighbours: [{ ...entry, permanent: false }], holders: answer('02:00:00:00:00:21') }), [], 'it corrects itself');
});

test('a server that accepts connections and answers no ARP', () => {
  const silent = [{ ifindex: 2, address: ip('10.5.0.51') }];
  assert.deepEqual(codes({ silent, holders: [] }), ['warning server-arp-silent']);
  const neighbours = [{ ifindex: 2, address: ip('10.5.0.51'), mac: SERVER_MAC, permanent: true }];
  assert.deepEqual(codes({ silent, holders: [], neighbours }), [], 'a person wanted that');
});

test('a router that sends packets for this host back, and those for the VIP not', () => {
  const [vip, own] = [ip('10.5.0.9'), ip('10.5.0.2')];
  const of = (target: typeof vip, answer: ReflectionFact['answer'], kind: ReflectionFact['kind'] = 'echo'): ReflectionFact => ({
    router: ip('10.5.0.1'),
    ifindex: 2,
    target,
    kind,
    answer,
  });
  const lost = [of(vip, 'silent'), of(vip, 'silent', 'syn')];
  const reflections = [...lost, of(own, 'silent'), of(own, 'back')];
  assert.deepEqual(codes({ reflections }), ['warning vip-not-led-here']);
  const refused = [of(vip, 'refused'), of(vip, 'silent', 'syn'), of(own, 'back')];
  assert.match(found({ reflections: refused })[0]?.cause ?? '', /it answers that it cannot reach it/);
  assert.deepEqual(codes({ reflections: [...lost, of(own, 'silent')] }), [], 'it sends nothing back');
  assert.deepEqual(codes({ reflections: [of(vip, 'silent'), of(vip, 'back', 'syn'), of(own, 'back')] }), [], 'a filter drops ping alone');
  const connections = { ...director.connections, idle: new Map([[addressId(vip), 1]]) };
  assert.deepEqual(codes({ reflections, connections }), [], 'clients get here');
  const rival = { ifindex: 2, address: vip, mac: '02:00:00:00:00:99' };
  assert.deepEqual(codes({ reflections, holders: [...director.holders, rival] }), ['error vip-answered-by-other'], 'one fact, one finding');
});

test('what clients try and is not served is reported, not judged', () => {
  const unserved = [{ vip: ip('10.5.0.9'), port: 443, packets: 2, clients: [ip('192.0.2.7')] }];
  assert.deepEqual(codes({ unserved }), ['info service-absent']);
  assert.match(found({ unserved })[0]?.what ?? '', /TCP 10\.5\.0\.9:443/);
});

test('rules about ARP that a real server has hide the VIP of a director', () => {
  const rule = { address: ip('10.5.0.9'), prefixLength: 32 };
  assert.deepEqual(codes({ arpRules: [{ ...rule, direction: 'in' }] }), ['error vip-arp-filtered']);
  assert.deepEqual(codes({ arpRules: [{ ...rule, direction: 'out', operation: 'reply' }] }), ['error vip-arp-filtered']);
  assert.deepEqual(codes({ arpRules: [{ ...rule, direction: 'out', operation: 'request' }] }), [], 'it answers still');
  assert.deepEqual(codes({ arpRules: [{ ...rule, address: ip('10.5.0.8'), direction: 'in' }] }), []);
});
