// What a process that reads the table again and again keeps of it: the same as one that reads it for the first time, after any change, and what a
// change left alone stays the same object.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChange } from '../../src/datapath/apply-change.js';
import { ObservingReader } from '../../src/datapath/ebpf/observe/observing-reader.js';
import type { Change } from '../../src/model/change.js';
import type { DestinationSpec, ServiceSpec } from '../../src/model/service.js';
import { inBed, skipReason } from './bed.js';
import { IPV6, ip, OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { spec } from './killed-bed.js';

const [one = '', two = '', three = ''] = SERVERS;
const [web, other, six] = [serviceKey('tcp', VIP, 80), serviceKey('udp', VIP, 53), serviceKey('tcp', IPV6.vip, 80)];
const add = (service: ServiceSpec['key'], of: DestinationSpec): Change => ({ kind: 'add-destination', service, spec: of });
const edit = (service: ServiceSpec['key'], of: DestinationSpec): Change => ({ kind: 'edit-destination', service, spec: of });
const masq = destination(`${one}:80`, 'masq');
const tunnelled = destination(`${two}:80`, 'tunnel');
const local = { ...destination(`${three}:80`, 'fullnat'), localAddresses: [ip(OWN.back)] };
const persistent: ServiceSpec = { ...spec(web, 'wrr'), persistence: { timeout: 60, netmask: 0xffff_ffff } };

/** By the service that each changes. */
const changes: readonly Change[] = [
  { kind: 'add-service', spec: spec(web) },
  { kind: 'add-service', spec: spec(other) },
  { kind: 'add-service', spec: spec(six) },
  add(web, masq),
  add(web, tunnelled),
  add(web, local),
  add(other, destination(`${one}:53`, 'route')),
  edit(web, { ...masq, weight: 7 }),
  edit(web, masq),
  edit(web, { ...masq, weight: 0 }),
  edit(web, masq),
  edit(web, { ...masq, upperThreshold: 9 }),
  edit(web, { ...masq, upperThreshold: 9, lowerThreshold: 3 }),
  edit(web, { ...tunnelled, tunnel: { type: 'gue', port: 6080, checksum: 'csum' } }),
  edit(web, { ...local, localAddresses: [ip('10.0.2.200')] }),
  edit(web, { ...masq, method: 'route' }),
  { kind: 'edit-service', spec: persistent },
  { kind: 'edit-service', spec: { ...persistent, persistence: { timeout: 61, netmask: 0xffff_ff00 } } },
  { kind: 'edit-service', spec: spec(web, 'wlc') },
  { kind: 'delete-destination', service: web, key: tunnelled },
  add(web, tunnelled),
  { kind: 'delete-service', key: other },
  { kind: 'add-service', spec: spec(other) },
  { kind: 'delete-service', key: web },
];

test('after each change what is kept is what is there', { skip: skipReason() }, () =>
  inBed(async ({ director, tables }) => {
    const options = { waitMs: 0, keptMs: 2000 };
    const keeping = new ObservingReader(tables, '/nonexistent', options);
    let before = keeping.configured().services;
    for (const change of changes) {
      applyChange(director, change);
      const { services } = keeping.configured();
      assert.deepEqual(services, new ObservingReader(tables, '/nonexistent', options).configured().services, JSON.stringify(change));
      const old = new Set(before.map((each) => each.spec));
      const kept = services.filter((each) => old.has(each.spec)).length;
      assert.ok(kept >= Math.min(before.length, services.length) - 1, `${kept} services stayed as objects after ${change.kind}`);
      before = services;
    }
  }),
);
