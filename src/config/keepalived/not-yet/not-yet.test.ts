import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../test/support/keepalived.js';
import { unservedText } from '../../../model/keepalived/served-as.js';
import { notYet } from './not-yet.js';

function found(text: string): readonly string[] {
  const { configuration, read } = readText(text);
  return notYet({ file: 'keepalived.conf', configuration, values: read.values }).map(
    (one) => `${one.at.line} ${one.kind} ${one.name}: ${one.kind === 'without' ? `${one.what}: ${one.meanwhile}` : one.missing}`,
  );
}

const server = (head: string, ...inside: readonly string[]): string =>
  `virtual_server ${head} {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${inside.join('\n')}\n}\n`;
const real = (text: string, ...inside: readonly string[]): string => `real_server ${text} {\n${inside.join('\n')}\n}`;

test('virtual servers of all kinds are served', () => {
  assert.deepEqual(found(server('10.0.0.1 80', real('10.0.1.1 80'), real('10.0.1.2 80'))), []);
  assert.deepEqual(found(server('2001:db8:1::1 80', real('2001:db8:2::2 80'))), []);
  assert.deepEqual(found(server('fwmark 7', real('10.0.1.1 80'))), []);
  assert.deepEqual(found(server('fwmark 7', real('2001:db8:2::2 80'))), []);
  assert.deepEqual(found(server('10.0.0.1 80', real('10.0.1.1 80')).replace('TCP', 'SCTP')), []);
  assert.deepEqual(found(server('2001:db8:1::1 80', real('2001:db8:2::2 80')).replace('TCP', 'SCTP')), []);
  assert.deepEqual(found(server('2001:db8:1::1', real('2001:db8:2::2')).replace('TCP', 'SCTP\npersistence_timeout 9')), []);
  assert.deepEqual(found(server('10.0.0.1', real('10.0.1.1')).replace('rr', 'rr\npersistence_timeout 9')), []);
  assert.deepEqual(found(server('2001:db8:1::1 80', real('2001:db8:2::2 80')).replace('rr', 'rr\npersistence_granularity 64')), []);
  assert.deepEqual(found(server('2001:db8:1::1', real('2001:db8:2::2')).replace('rr', 'rr\npersistence_timeout 9')), []);
  assert.deepEqual(found(server('10.0.0.1 80', real('10.0.1.1 80', 'lvs_method TUN'))), []);
  assert.deepEqual(found(server('10.0.0.1 80', real('2001:db8:2::2 80', 'lvs_method TUN type gue port 6080'))), []);
});

test('persistence by call is served, too', () => {
  assert.deepEqual(
    found(server('10.0.0.1 80', real('10.0.1.1 80')).replace('rr', 'lblc\npersistence_timeout 9\npersistence_engine sip')),
    [],
  );
});

test('of a group, the part that is about', () => {
  const part = { services: 4, unserved: 1, missing: ['these are not there yet'] };
  assert.equal(unservedText(part), '1 of its 4 services: these are not there yet');
});
