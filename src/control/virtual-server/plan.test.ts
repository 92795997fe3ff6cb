import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration } from '../../../test/support/keepalived-configuration.js';
import { realServer, virtualServer as server } from '../../../test/support/virtual-server.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { addressAfter, type WantedTable, wantedTable } from '../../model/keepalived/wanted-table.js';
import { type PresentTable, planFlush, planTable, planTimeouts } from './plan.js';

const real = (address: string, weight = 1, port = 80) => realServer(address, { weight, port });
const table = (...servers: readonly VirtualServer[]): WantedTable => wantedTable({ ...emptyConfiguration, virtualServers: servers });
const present = (wanted: WantedTable): PresentTable => wanted;
const nothing: WantedTable = new Map();
const kinds = (...args: Parameters<typeof planTable>): readonly string[] =>
  planTable(...args).flatMap(({ changes }) => changes.map(({ kind }) => kind));

test('an empty table gets the service, then its destinations; what is there gets nothing', () => {
  const wanted = table(server());
  assert.deepEqual(kinds(wanted, nothing, new Map()), ['add-service', 'add-destination', 'add-destination']);
  assert.deepEqual(kinds(wanted, nothing, present(wanted)), []);
});

test('only what differs changes', () => {
  const before = table(server());
  const after = table(server({ scheduler: 'rr', realServers: [real('10.0.0.1', 5), real('10.0.0.3')] }));
  assert.deepEqual(kinds(after, before, present(before)), ['edit-service', 'edit-destination', 'add-destination', 'delete-destination']);
  assert.deepEqual(kinds(nothing, before, present(before)), ['delete-service']);
});

test('a service that had servers and gets others has some all the time', () => {
  const sorryServer = real('10.0.0.9');
  const before = table(server());
  const after = [
    table(server({ realServers: [], sorryServer })),
    table(server({ realServers: [real('10.0.0.3'), real('10.0.0.4')] })),
    table(server({ realServers: [real('10.0.0.2', 7)] })),
  ];
  for (const mode of ['converge', 'follow'] as const) {
    for (const wanted of after) {
      for (const [from, to] of [
        [before, wanted],
        [wanted, before],
      ] as const) {
        let servers = [...from.values()][0]?.destinations.length ?? 0;
        for (const kind of kinds(to, from, present(from), () => mode)) {
          if (kind === 'add-destination') servers++;
          if (kind === 'delete-destination') servers--;
          assert.ok(servers > 0, `${mode}: ${kind} leaves the service without a server`);
        }
        assert.equal(servers, [...to.values()][0]?.destinations.length);
      }
    }
  }
});

test('a start and a reload converge: what was changed by hand goes back to the file', () => {
  const wanted = table(server());
  const there = present(table(server({ scheduler: 'rr', realServers: [real('10.0.0.1', 9), real('10.9.9.9')] })));
  assert.deepEqual(kinds(wanted, wanted, there), ['edit-service', 'edit-destination', 'add-destination', 'delete-destination']);
  assert.deepEqual(kinds(nothing, nothing, there), [], 'services that are not of the file stay');
});

test('a change of health changes what it is about: what was changed by hand stays', () => {
  const before = table(server());
  const after = table(server({ realServers: [real('10.0.0.1')] }));
  const there = present(table(server({ scheduler: 'rr', realServers: [real('10.0.0.1', 9), real('10.0.0.2'), real('10.9.9.9')] })));
  const follow = (wanted: WantedTable, old: WantedTable, now: PresentTable) => kinds(wanted, old, now, () => 'follow');
  assert.deepEqual(follow(after, before, there), ['delete-destination']);
  assert.deepEqual(follow(before, after, present(after)), ['add-destination']);
  assert.deepEqual(follow(before, before, there), []);
  const weighed = table(server({ realServers: [real('10.0.0.1', 3), real('10.0.0.2')] }));
  assert.deepEqual(follow(weighed, before, there), ['edit-destination']);
  assert.deepEqual(follow(after, before, new Map()), ['add-service', 'add-destination'], 'one that is gone comes back whole');
});

test('a flush removes what is not wanted, whoever added it, and touches nothing else', () => {
  const there = present(table(server(), server({ target: { kind: 'service', key: { kind: 'fwmark', family: 'inet', mark: 7 } } })));
  const plans = planFlush(table(server()), there);
  assert.deepEqual(
    plans.map(({ name, changes }) => [name, changes.map(({ kind }) => kind)]),
    [['FWM 7', ['delete-service']]],
  );
});

test('timeouts are set where they differ; 0 keeps what is there', () => {
  const there = { tcp: 900, tcpFin: 120, udp: 300 };
  assert.equal(planTimeouts(undefined, there), undefined);
  assert.equal(planTimeouts({ tcp: 900, tcpFin: 0, udp: 0 }, there), undefined);
  assert.deepEqual(planTimeouts({ tcp: 0, tcpFin: 0, udp: 7 }, there), { tcp: 0, tcpFin: 0, udp: 7 });
});

test('a group is one service for each address and mark, and direct routing keeps the port', () => {
  const virtualServerGroups = [
    {
      name: 'g',
      members: [
        { kind: 'range', first: ip('192.0.2.254'), count: 3, port: 8080 },
        { kind: 'fwmark', mark: 7 },
      ],
    },
  ] as const;
  const grouped = server({ name: 'g', target: { kind: 'group', group: 'g' }, realServers: [{ ...real('10.0.0.1'), method: 'route' }] });
  const wanted = [...wantedTable({ ...emptyConfiguration, virtualServerGroups, virtualServers: [grouped] }).values()];
  assert.deepEqual(
    wanted.map(({ spec: { key }, destinations }) => [key.kind === 'fwmark' ? key.mark : key.address.words, destinations[0]?.port]),
    [
      [ip('192.0.2.254').words, 8080],
      [ip('192.0.2.255').words, 8080],
      [ip('192.0.3.0').words, 8080],
      [7, 80],
    ],
  );
});

test('the sorry server serves where all others together make no quorum', () => {
  const sorryServer = real('10.0.0.9');
  const only = (change: Partial<VirtualServer>) =>
    [...table(server({ sorryServer, ...change })).values()][0]?.destinations.map(({ address }) => address.words[0]);
  assert.deepEqual(only({ realServers: [] }), ip('10.0.0.9').words);
  assert.deepEqual(only({ quorum: 3 }), ip('10.0.0.9').words);
  assert.equal(only({ quorum: 2 })?.length, 2);
});

test('addresses count on into the words before', () => {
  assert.deepEqual(addressAfter({ family: 'inet6', words: [1, 2, 3, 0xffffffff] }, 2).words, [1, 2, 4, 1]);
});
