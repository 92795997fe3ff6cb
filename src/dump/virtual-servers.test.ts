import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure } from '../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../test/support/virtual-server.js';
import { virtualServerLines } from './virtual-servers.js';

test('virtual servers, real servers and checkers with their state at this moment', () => {
  const bed = new CheckBed();
  const reals = ['10.0.0.1', '10.0.0.2'].map((address) => realServer(address, { checkers: [checker()] }));
  bed.configure([virtualServer({ realServers: reals, quorum: 2, sorryServer: realServer('10.0.0.9') })]);
  bed.answers.set('10.0.0.2', failure('timeout'));
  bed.pass(1);
  const lines = virtualServerLines(bed.state, { offsetUs: 1_700_000_000_000_000, ctime: (seconds) => `at ${seconds}` });
  const has = (...wanted: readonly string[]): void => {
    for (const line of wanted) assert.ok(lines.includes(line), `${line} is not in\n${lines.join('\n')}`);
  };
  has(' VS VIP = 192.0.2.1, VPORT = 80', '   quorum = 2, hysteresis = 0', '   quorum_state_up = 0', '   sorry server = [10.0.0.9]:tcp:80');
  has('   RIP = 10.0.0.2, RPORT = 80, WEIGHT = 1 EFF WEIGHT = 1', '   alive = 0', '   num failed checkers = 1', '   RS set = 0');
  const at = lines.indexOf(' [192.0.2.1]:tcp:80 -> [10.0.0.2]:tcp:80');
  assert.deepEqual(lines.slice(at + 1, at + 6), [
    '   Enabled = yes',
    '   Up = no',
    '   Has run = yes',
    '   Since = 1700000001.000000 (at 1700000001)',
    '   Last failure = timeout',
  ]);
  assert.equal(lines.at(-1), '   Keepalive method = TCP_CHECK');
});

test('SSL_GET: how it verifies certificates, and why it failed last', () => {
  const bed = new CheckBed();
  const url = { path: '/', statusCodes: [{ from: 200, to: 299 }], tlsCompliant: false };
  const plain = { kind: 'ssl', urls: [url], protocol: '1.0', fastRecovery: false, sni: false, tlsCompliant: false } as const;
  const verify = { host: 'www.example.org', authorities: '/ca.pem', warningDays: 14 };
  const checkers = [checker(plain), checker({ ...plain, verify })];
  bed.answers.set('10.0.0.1', {
    kind: 'failure',
    text: 'SSL error (certificate is self-signed) connecting to',
    reason: 'certificate is self-signed',
  });
  bed.configure([virtualServer({ realServers: [realServer('10.0.0.1', { checkers })] })]);
  bed.pass(1);
  const lines = virtualServerLines(bed.state, { offsetUs: 0, ctime: String });
  assert.equal(lines.filter((line) => line === '   Last failure = certificate is self-signed').length, 2);
  const at = lines.indexOf('   Verify certificate = yes');
  assert.equal(lines.lastIndexOf('   Verify certificate = yes'), at, 'only where it is verified');
  assert.deepEqual(lines.slice(at + 1, at + 4), ['     Name = www.example.org', '     Authorities = /ca.pem', '     Warning days = 14']);
});
