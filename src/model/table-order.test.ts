import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { formatAddress, parseAddress } from './address-text.js';
import { sameDestination, sameService, serviceId } from './identity.js';
import type { DestinationKey, ServiceKey } from './service.js';
import { compareDestinations, compareServices, mergeSorted, tableOrder } from './table-order.js';

function at(text: string, port = 80): DestinationKey {
  const address = parseAddress(text);
  assert.ok(address);
  return { address, port };
}

function service(protocol: 'tcp' | 'udp' | 'sctp', text: string, port = 80): ServiceKey {
  return { kind: 'address', protocol, ...at(text, port) };
}

const mark = (value: number, family: 'inet' | 'inet6' = 'inet'): ServiceKey => ({ kind: 'fwmark', family, mark: value });

function order(texts: readonly string[]): string[] {
  return mergeSorted(
    texts.map((text) => at(text)),
    compareDestinations,
  ).map(({ address }) => formatAddress(address));
}

test('addresses 2^31 apart change places', () => {
  assert.deepEqual(order(['10.0.0.10', '192.168.0.10']), ['192.168.0.10', '10.0.0.10']);
  assert.deepEqual(order(['10.0.0.1', '192.168.0.1', '172.16.0.9']), ['172.16.0.9', '192.168.0.1', '10.0.0.1']);
  assert.deepEqual(order(['2001:db8::2', '2001:db8::1', 'fe80::1']), ['fe80::1', '2001:db8::1', '2001:db8::2']);
});

test('where the relation runs in a circle, the order is that of a merge sort', () => {
  assert.deepEqual(order(['1.0.0.1', '100.0.0.1', '200.0.0.1']), ['1.0.0.1', '100.0.0.1', '200.0.0.1']);
  assert.deepEqual(order(['200.0.0.1', '100.0.0.1', '1.0.0.1']), ['200.0.0.1', '1.0.0.1', '100.0.0.1']);
  assert.deepEqual(order(['100.0.0.1', '200.0.0.1', '1.0.0.1']), ['100.0.0.1', '200.0.0.1', '1.0.0.1']);
});

test('services go by mark, family, protocol, address and port', () => {
  const sorted = [
    mark(3000000000),
    service('tcp', '10.0.0.1', 80),
    service('tcp', '10.0.0.1', 443),
    service('tcp', '10.0.0.2', 1),
    service('udp', '10.0.0.1', 53),
    service('sctp', '10.0.0.1', 1),
    service('tcp', '2001:db8::1', 80),
    mark(1),
    mark(1, 'inet6'),
    mark(2),
  ];
  assert.deepEqual(mergeSorted([...sorted].reverse(), compareServices), sorted);
});

test('on a relation that is an order, it sorts like any stable sort', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat())), (list) => {
      const compare = (a: [number, number], b: [number, number]): number => a[0] - b[0];
      assert.deepEqual(mergeSorted(list, compare), [...list].sort(compare));
    }),
  );
});

test('sorting loses nothing and adds nothing', () => {
  const key = fc.record({ address: fc.nat(0xffffffff).map((word) => ({ family: 'inet' as const, words: [word] })), port: fc.nat(65535) });
  const text = (list: readonly DestinationKey[]): string[] => list.map(({ address, port }) => `${address.words[0]}:${port}`).sort();
  fc.assert(fc.property(fc.array(key), (list) => assert.deepEqual(text(mergeSorted(list, compareDestinations)), text(list))));
});

test("the table's order is one that a kernel was seen to have", () => {
  const added = [
    service('tcp', '10.0.0.1'),
    service('udp', '10.0.0.1', 53),
    service('tcp', '10.0.0.1', 65535),
    service('tcp', '127.0.0.1'),
    service('tcp', '0.0.0.0'),
    service('tcp', '255.255.255.255'),
    service('tcp', '224.0.0.1'),
    service('tcp', '127.0.0.1', 0),
    service('tcp', '10.0.0.9', 0),
    service('udp', '10.0.0.9', 0),
    service('tcp', '10.0.0.1', 21),
    mark(2),
    mark(1),
    mark(1, 'inet6'),
  ];
  const shown = tableOrder([...added].reverse(), (key) => key).map(serviceId);
  const expected = [
    service('udp', '10.0.0.1', 53),
    service('tcp', '10.0.0.1', 21),
    service('udp', '10.0.0.9', 0),
    service('tcp', '127.0.0.1', 0),
    service('tcp', '10.0.0.1', 65535),
    service('tcp', '10.0.0.9', 0),
    service('tcp', '0.0.0.0'),
    service('tcp', '224.0.0.1'),
    service('tcp', '127.0.0.1'),
    service('tcp', '10.0.0.1'),
    service('tcp', '255.255.255.255'),
    mark(1, 'inet6'),
    mark(1),
    mark(2),
  ];
  assert.deepEqual(shown, expected.map(serviceId));
});

test('a service is its protocol, address and port, or its mark and family', () => {
  assert.ok(sameService(service('tcp', '10.0.0.1'), service('tcp', '10.0.0.1')));
  assert.ok(!sameService(service('tcp', '10.0.0.1'), service('udp', '10.0.0.1')));
  assert.ok(!sameService(mark(1), mark(1, 'inet6')));
  assert.ok(!sameDestination(at('10.0.0.1'), at('10.0.0.1', 81)));
  assert.ok(!sameDestination(at('::10.0.0.1'), at('10.0.0.1')));
});
