// Each of the six changes as the arguments of an ipvsadm command.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import type { Change } from './change.js';
import { changeText } from './change-text.js';
import type { DestinationSpec, ServiceKey, ServiceSpec } from './service.js';

const web: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip('10.0.0.1'), port: 80 };
const mark: ServiceKey = { kind: 'fwmark', family: 'inet6', mark: 5 };
const spec: ServiceSpec = { key: web, scheduler: 'wlc', schedFlags: 0, onePacket: false };
const server: DestinationSpec = {
  address: ip('10.0.0.2'),
  port: 8080,
  method: 'masq',
  weight: 3,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
};

const cases: readonly (readonly [Change, string])[] = [
  [{ kind: 'add-service', spec }, '-A -t 10.0.0.1:80 -s wlc'],
  [
    {
      kind: 'edit-service',
      spec: { ...spec, scheduler: 'sh', schedFlags: 2, persistence: { timeout: 60, netmask: 0xffffff00, engine: 'sip' } },
    },
    '-E -t 10.0.0.1:80 -s sh -p 60 -M 255.255.255.0 --pe sip -b sh-port',
  ],
  [{ kind: 'edit-service', spec: { ...spec, idleEngine: 'sip' } }, '-E -t 10.0.0.1:80 -s wlc --pe sip'],
  [{ kind: 'delete-service', key: mark }, '-D -f 5 -6'],
  [{ kind: 'add-destination', service: web, spec: server }, '-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 3'],
  [
    {
      kind: 'edit-destination',
      service: mark,
      spec: { ...server, address: ip('2001:db8::2'), method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'csum' } },
    },
    '-e -f 5 -6 -r [2001:db8::2]:8080 -i -w 3 --tun-type gue --tun-port 6080 --tun-csum',
  ],
  [{ kind: 'delete-destination', service: web, key: server }, '-d -t 10.0.0.1:80 -r 10.0.0.2:8080'],
];

for (const [change, text] of cases) test(`${change.kind}: ${text}`, () => assert.equal(changeText(change), text));

test('names stand where they are known', () => {
  const names = { address: () => 'www', port: () => 'http' };
  assert.equal(changeText({ kind: 'delete-destination', service: web, key: server }, names), '-d -t www:http -r www:http');
});
