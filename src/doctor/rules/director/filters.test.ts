// Rules of the packet filter that balanced packets do not meet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { Finding } from '../../../model/finding.js';
import { diagnose } from '../../diagnose.js';
import type { DirectorFacts, ServiceFact } from '../../facts.js';
import type { FilterRule } from '../../packet-filter/aim.js';

const found = (change: Partial<DirectorFacts>): readonly Finding[] => diagnose({ ...director, ...change });
const codes = (change: Partial<DirectorFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);

test('a rule for the VIP or its port is reported, others are not', () => {
  const rule: FilterRule = {
    tool: 'nft',
    family: 'ip',
    place: 'ip t c',
    text: 'x',
    verdict: 'drop',
    destinations: [],
    ports: [],
    protocol: 'tcp',
  };
  const with_ = (change: Partial<FilterRule>) => codes({ filters: [{ ...rule, ...change }] });
  const vip = [{ address: ip('10.5.0.0'), prefixLength: 28 }];
  assert.deepEqual(with_({ destinations: vip }), ['warning filter-bypassed']);
  assert.deepEqual(with_({ ports: [{ from: 79, to: 81 }] }), ['warning filter-bypassed']);
  assert.deepEqual(with_({ ports: [{ from: 80, to: 80 }], verdict: 'accept' }), ['info filter-bypassed']);
  assert.deepEqual(with_({ ports: [{ from: 81, to: 90 }] }), []);
  assert.deepEqual(with_({ destinations: vip, ports: [{ from: 22, to: 22 }] }), []);
  assert.deepEqual(with_({ destinations: [{ address: ip('10.6.0.0'), prefixLength: 16 }] }), []);
  assert.deepEqual(with_({ destinations: vip, protocol: 'udp' }), []);
});

test('rules for IPv6 are for services of IPv6, those for IPv4 are not', () => {
  const services = [service('2001:db8::9', 80, [destination('2001:db8::51', 80, 'route')])];
  const rule: FilterRule = { tool: 'nft', family: 'ip6', place: 'ip6 t c', text: 'x', verdict: 'drop', destinations: [], ports: [] };
  const bypassed = (of: Partial<DirectorFacts>, change: Partial<FilterRule>) =>
    found({ ...of, filters: [{ ...rule, ...change }] }).some(({ code }) => code === 'filter-bypassed');
  const [web, six] = [[{ from: 80, to: 80 }], [{ address: ip('2001:db8::'), prefixLength: 64 }]];
  assert.deepEqual(
    [
      bypassed({ services }, { ports: web }),
      bypassed({ services }, { destinations: six }),
      bypassed({ services }, { ports: web, family: 'inet' }),
    ],
    [true, true, true],
  );
  assert.deepEqual(
    [bypassed({ services }, { ports: web, family: 'ip' }), bypassed({}, { ports: web }), bypassed({}, { destinations: six })],
    [false, false, false],
  );
});

test('a chain that drops by default', () => {
  const [{ spec }] = director.services as readonly [ServiceFact];
  const by = { tool: 'nft', family: 'ip', table: 't', chain: 'c', base: 'c', text: 'policy drop' } as const;
  const [finding, ...more] = found({
    denials: [
      { service: spec, by },
      { service: spec, by },
    ],
  });
  assert.equal(finding?.what, 'the nft chain ip t c (policy drop) does not apply to TCP 10.5.0.9:80, TCP 10.5.0.9:80');
  assert.equal(more.length, 0);
  const rule: FilterRule = {
    tool: 'nft',
    family: 'ip',
    place: 'ip t c',
    text: 'policy drop',
    verdict: 'drop',
    destinations: [],
    ports: [{ from: 80, to: 80 }],
  };
  assert.equal(found({ denials: [{ service: spec, by }], filters: [rule] }).length, 1, 'one fact, one finding');
  const set = { ...rule, ports: [{ from: 443, to: 443 }] };
  assert.equal(found({ denials: [{ service: spec, by }], filters: [set] }).length, 1, 'the rule names another port by a set that changes');
});

test('a rule that sends some clients elsewhere rewrites nothing', () => {
  const [{ spec }] = director.services as readonly [ServiceFact];
  const by = { tool: 'iptables', family: 'ip', table: 'nat', chain: 'PREROUTING', base: 'PREROUTING', text: '-j REDIRECT' } as const;
  const datapath = { ...director.datapath, firewallMode: 'auto' as const };
  const [finding, ...more] = found({ datapath, denials: [{ service: spec, by: { ...by, translates: true } }] });
  assert.match(finding?.cause ?? '', /it rewrites nothing/);
  assert.match(finding?.advice ?? '', /^weir load: /);
  assert.equal(more.length, 0);
});

test('behind the packet filter nothing is bypassed, but OUTPUT may cut the way back', () => {
  const [{ spec }] = director.services as readonly [ServiceFact];
  const by = { tool: 'iptables', family: 'ip', table: 'filter', chain: 'OUTPUT', base: 'OUTPUT', text: 'policy drop' } as const;
  const datapath = { ...director.datapath, firewall: true };
  assert.deepEqual(found({ datapath, denials: [{ service: spec, by }] }), []);
  const [finding, ...more] = found({ datapath, returnDenials: [by] });
  assert.deepEqual([finding?.code, finding?.fix, more], ['firewall-output-dropped', 'iptables -I OUTPUT -o weir0 -j ACCEPT', []]);
});

test('behind the packet filter a service whose clients it drops is named, with the command that lets them in', () => {
  const [{ spec }] = director.services as readonly [ServiceFact];
  const by = { tool: 'iptables', family: 'ip', table: 'filter', chain: 'INPUT', base: 'INPUT', text: 'policy drop' } as const;
  const [finding, ...more] = found({ datapath: { ...director.datapath, firewall: true }, arrivalDenials: [{ service: spec, by }] });
  assert.deepEqual([finding?.severity, finding?.code, more], ['error', 'firewall-service-dropped', []]);
  assert.match(finding?.cause ?? '', /the iptables chain filter INPUT \(policy drop\) drops them, of all clients$/);
  assert.match(finding?.advice ?? '', /: iptables -I INPUT .*-d 10\.5\.0\.9 .*--dport 80 -j ACCEPT$/);
});
