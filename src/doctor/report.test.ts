// The last line of a director without findings: what was looked at, and what cannot be seen from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, realServer } from '../../test/support/doctor-facts.js';
import { ip } from '../../test/support/ip.js';
import type { Facts, ServiceFact } from './facts.js';
import { reportJson, reportText } from './report.js';

test('OK names what was looked at, and what was not', () => {
  assert.equal(
    reportText(director, []),
    "OK     nothing is wrong: director, 1 service, 1 destination; looked at: the datapath, 2 interfaces, 1 VIP, TCP of 1 server, forwarding to 1 server, the default route; not looked at: routers' ways to the VIPs, the applications, clients' own routes and filters\n",
  );
});

test('servers of UDP may be silent: what they answer was not looked at', () => {
  const key = { kind: 'address', protocol: 'udp', address: ip('10.5.0.9'), port: 53 } as const;
  const udp: ServiceFact = {
    spec: { key, scheduler: 'rr', schedFlags: 0, onePacket: false },
    destinations: [destination('10.5.0.51', 53, 'route'), destination('10.5.0.52', 53, 'route')],
  };
  const facts = { ...director, services: [udp], connects: [], handovers: [] };
  assert.match(
    reportText(facts, []),
    /looked at: the datapath, 2 interfaces, 1 VIP, the default route; not looked at: what 2 UDP servers answer, /,
  );
  const { notLookedAt } = JSON.parse(reportJson(facts, [])) as { readonly notLookedAt: readonly string[] };
  assert.equal(notLookedAt[0], 'what 2 UDP servers answer');
});

test('servers of SCTP were not looked at', () => {
  const key = { kind: 'address', protocol: 'sctp', address: ip('10.5.0.9'), port: 2905 } as const;
  const destinations = [destination('10.5.0.51', 2905, 'route')];
  const sctp: ServiceFact = { spec: { key, scheduler: 'rr', schedFlags: 0, onePacket: false }, destinations };
  assert.match(reportText({ ...director, services: [sctp] }, []), /; not looked at: SCTP of 1 server, /);
});

test('with an error there is no OK', () => {
  const finding = { severity: 'error', code: 'table-empty', what: 'a', cause: 'b' } as const;
  assert.equal(reportText(director, [finding]), 'ERROR  a: b\n');
});

test('JSON lists the same for every role', () => {
  const lists = (facts: Facts) =>
    JSON.parse(reportJson(facts, [])) as { readonly lookedAt: readonly string[]; readonly notLookedAt: readonly string[] };
  const { lookedAt, notLookedAt } = lists(realServer);
  assert.deepEqual(lookedAt, ['1 VIP', 'ARP', '1 gateway', 'routes back to clients', 'the packet filter']);
  assert.ok(notLookedAt.includes("the director's table"));
  const node = lists({ ...director, role: 'vrrp', instances: 2, vrrp: [] } as Facts);
  assert.deepEqual([node.lookedAt[0], node.notLookedAt[0]], ['2 instances', 'the other nodes']);
});
