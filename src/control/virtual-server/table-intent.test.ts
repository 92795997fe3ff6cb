import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration } from '../../../test/support/keepalived-configuration.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { formatAddress } from '../../model/address-text.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { WantedTable } from '../../model/keepalived/wanted-table.js';
import { TableIntent } from './table-intent.js';

const X = '192.0.2.9';

/** A virtual server of a group of its own name. */
const grouped = (name: string, change: Partial<VirtualServer> = {}): VirtualServer =>
  virtualServer({
    name,
    target: { kind: 'group', group: name },
    realServers: [realServer(`10.0.0.${name.charCodeAt(0) - 64}`)],
    ...change,
  });
const [a, b, c] = [grouped('A'), grouped('B'), grouped('C')];

/** `groups`: the addresses of each; the virtual servers come in this order. */
function file(servers: readonly VirtualServer[], groups: Readonly<Record<string, readonly string[]>>): KeepalivedConfiguration {
  return {
    ...emptyConfiguration,
    virtualServers: servers,
    virtualServerGroups: Object.entries(groups).map(([name, addresses]) => ({
      name,
      members: addresses.map((address) => ({ kind: 'range', first: ip(address), count: 1, port: 80 }) as const),
    })),
  };
}

function serveAll(intent: TableIntent, { virtualServers }: KeepalivedConfiguration): void {
  for (const server of virtualServers) intent.serve(server, server.realServers);
}

/** A start with this file, made true. */
function started(configuration: KeepalivedConfiguration): { readonly intent: TableIntent; readonly made: WantedTable } {
  const intent = new TableIntent(configuration);
  serveAll(intent, configuration);
  intent.followHealth();
  const made = new Map(intent.wanted);
  intent.settle();
  return { intent, made };
}

/** Who has each address, and the kinds of changes that lead from `made` there. */
const owners = (intent: TableIntent): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...intent.wanted.values()].map(({ server, spec: { key } }) => [key.kind === 'address' ? formatAddress(key.address) : '', server.name]),
  );
const kinds = (intent: TableIntent, made: WantedTable): readonly string[] =>
  intent.plan(made).flatMap(({ changes }) => changes.map(({ kind }) => kind));

test('a service that a later virtual server of the file gives up goes to one before it that wants it', () => {
  const { intent, made } = started(file([a, b], { A: [X, '192.0.2.1'], B: [X, '192.0.2.2'] }));
  assert.deepEqual(owners(intent), { [X]: 'A', '192.0.2.1': 'A', '192.0.2.2': 'B' });
  const next = file([b, a], { A: ['192.0.2.1'], B: [X, '192.0.2.2'] });
  intent.configure(next);
  serveAll(intent, next);
  assert.deepEqual(owners(intent), { [X]: 'B', '192.0.2.1': 'A', '192.0.2.2': 'B' });
  assert.deepEqual(kinds(intent, made), ['add-destination', 'delete-destination']);
  intent.settle();
  intent.remove(b);
  assert.deepEqual(owners(intent), { '192.0.2.1': 'A' });
});

test('a service of a virtual server that is removed goes to the next one of the file', () => {
  const { intent, made } = started(file([a, b, c], { A: [X], B: [X], C: [X] }));
  intent.serve(b, []); // a change of health: it keeps its turn
  intent.configure(file([b, c], { B: [X], C: [X] }));
  intent.remove(a);
  assert.deepEqual(owners(intent), { [X]: 'B' });
  assert.deepEqual(kinds(intent, made), ['delete-destination']);
  intent.remove(b);
  assert.deepEqual(owners(intent), { [X]: 'C' });
  intent.remove(c);
  assert.deepEqual(owners(intent), {});
  assert.deepEqual(kinds(intent, made), ['delete-service']);
});

test('it goes to none that no longer wants it or is removed', () => {
  const groups = { A: [X], B: [X], C: [X] };
  for (const leave of [
    (intent: TableIntent): void => intent.remove(b),
    (intent: TableIntent): void => {
      intent.configure(file([a, b], { A: [X], B: ['192.0.2.2'] }));
      intent.serve(b, b.realServers);
    },
  ]) {
    const { intent } = started(file([a, b], groups));
    leave(intent);
    intent.remove(a);
    assert.equal(owners(intent)[X], undefined);
  }
});
