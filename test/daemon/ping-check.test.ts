// PING_CHECK and answers of others: only the address that was asked counts, by ping sockets and by raw ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Bed, noNamespaces } from '../support/netns-bed.js';

const LIAR = fileURLToPath(new URL('../support/echo-liar.js', import.meta.url));
const [ASKED, OTHER] = ['10.97.0.1', '10.97.0.2'];
/** net.ipv4.ping_group_range: without a group raw sockets are used. */
const GROUPS = { ping: '0 2147483647', raw: '1 0' } as const;

test('an echo reply of another address, or to another request, is none', { skip: noNamespaces() }, () => {
  const bed = new Bed();
  try {
    const host = bed.host('echo');
    for (const address of [ASKED, OTHER]) host.ip(`addr add ${address}/32 dev lo`);
    host.sysctl('net.ipv4.icmp_echo_ignore_all', '1');
    for (const [sockets, range] of Object.entries(GROUPS)) {
      host.sysctl('net.ipv4.ping_group_range', `"${range}"`);
      const outcome = (...words: readonly string[]): unknown => {
        const { stdout, stderr, status } = host.run([process.execPath, LIAR, ASKED, ...words]);
        assert.equal(status, 0, stderr);
        return JSON.parse(stdout);
      };
      const silence = { kind: 'failure', text: 'timeout' };
      // It asks and answers in one process: what must come has longer.
      assert.deepEqual(outcome(ASKED, '0', '30'), { kind: 'success' }, sockets);
      assert.deepEqual(outcome(OTHER), silence, `${sockets}: another address`);
      assert.deepEqual(outcome(ASKED, '1'), silence, `${sockets}: another request`);
    }
  } finally {
    bed.close();
  }
});
