// What a daemon that has begun logs of the parts of its weir.yaml that it does not serve.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { readWeirFile } from '../../config/weir/read.js';
import { addressId, serviceId } from '../../model/identity.js';
import { parseServiceWord } from '../../model/service-word.js';
import { missingWords, notApplied, notAppliedText } from './not-applied.js';

const { file } = readWeirFile(`vips: {192.0.2.1: eth0, 192.0.2.2: eth1}
services:
  tcp:192.0.2.1:80: {checks: {TCP_CHECK: {}}, servers: [10.0.0.2]}
  tcp:192.0.2.1:81: {servers: [10.0.0.2]}
  mark:5: {servers: ["10.0.0.2:0"]}
`);

test('services without checks and VIPs that are not there are named; what the daemon checks is not', () => {
  assert.ok(file !== undefined);
  const none = { services: new Set<string>(), addresses: new Set<string>() };
  assert.deepEqual(missingWords(notApplied(file, none)), ['tcp:192.0.2.1:81', 'mark:5', '192.0.2.1 on eth0', '192.0.2.2 on eth1']);
  const mark = parseServiceWord('mark:5');
  assert.ok(mark !== undefined);
  const some = { services: new Set([serviceId(mark)]), addresses: new Set([addressId(ip('192.0.2.1'))]) };
  assert.deepEqual(missingWords(notApplied(file, some)), ['tcp:192.0.2.1:81', '192.0.2.2 on eth1']);
  assert.equal(notAppliedText('/etc/weir/weir.yaml', []), undefined);
  assert.equal(
    notAppliedText('/x.yaml', missingWords(notApplied(file, some))),
    '/x.yaml: not on this host, and weir run does not put it there: tcp:192.0.2.1:81, 192.0.2.2 on eth1 — fix: weir apply /x.yaml (at boot: weir-apply.service)',
  );
  const many = Array.from({ length: 10 }, (_, at) => `mark:${at + 1}`);
  assert.match(notAppliedText('/x.yaml', many) ?? '', /mark:8 and 2 more — fix/);
});
