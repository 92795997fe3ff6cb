import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { serviceId } from '../../../model/identity.js';
import { checkedRule } from './checked.js';
import { quiescedRule } from './quiesced.js';
import { reachRule } from './reach/reach.js';
import { tableRule } from './table.js';

const { key } = service('10.5.0.9', 80, []).spec;
const A = destination('10.5.0.51', 80, 'route', 0);
const B = destination('10.5.0.52', 80, 'route', 0);

/** The VIP's service with these destinations, and the checks of these servers that fail. */
const facts = (destinations: readonly (typeof A)[], failing: readonly string[], ofDocument = true) => ({
  ...director,
  services: [service('10.5.0.9', 80, destinations)],
  checked: new Map([
    [
      serviceId(key),
      { file: '/etc/weir/weir.yaml', ofDocument, down: new Map(failing.map((one) => [one, 'TCP_CHECK failed'])), sorry: '127.0.0.1:80' },
    ],
  ]),
});
const DOWN = ['10.5.0.51:80', '10.5.0.52:80'];

test('servers that health checks have taken out are never to be added or weighted by hand', () => {
  const [empty] = tableRule(facts([], DOWN));
  assert.match(empty?.cause ?? '', /: health checks of its servers fail \(10\.5\.0\.51:80: TCP_CHECK failed, 10\.5\.0\.52:80: TCP_CHECK/);
  assert.match(empty?.advice ?? '', /^weir stats health shows since when/);
  const [zero] = tableRule(facts([A, B], DOWN));
  assert.deepEqual([zero?.code, zero?.fix], ['weights-zero', undefined]);
  const [one] = quiescedRule(facts([A, { ...B, weight: 1 }], DOWN));
  assert.deepEqual([one?.cause, one?.fix], ['its health check fails: TCP_CHECK failed', undefined]);
});

test('what was set to 0 by hand still has its command, and only that', () => {
  const [zero] = tableRule(facts([A, B], ['10.5.0.51:80']));
  assert.equal(zero?.fix, 'ipvsadm -e -t 10.5.0.9:80 -r 10.5.0.52:80 -g -w 1');
  const [empty] = tableRule(facts([], []));
  assert.match(empty?.advice ?? '', /^add a real server/);
});

test('a server of a weir.yaml that is out is named; one of a keepalived.conf by the rules of VRRP', () => {
  const there = [{ ...A, weight: 1 }];
  assert.deepEqual(
    checkedRule(facts(there, DOWN)).map(({ severity, code, what, cause }) => [severity, code, `${what}: ${cause}`]),
    [
      [
        'warning',
        'real-server-absent',
        'real server 10.5.0.52:80 of TCP 10.5.0.9:80 is not in the table: its health check fails: TCP_CHECK failed',
      ],
    ],
  );
  assert.deepEqual(checkedRule(facts(there, DOWN, false)), []);
});

test('a sorry server on this host that nothing serves is to be started, not deleted', () => {
  const sorry = destination('127.0.0.1', 80, 'route');
  const ofHost = { handovers: [], paths: [{ to: sorry.address, kind: 'local' }], sockets: [] } as const;
  const connects = [{ address: sorry.address, port: 80, error: 'ECONNREFUSED' }];
  const [verdict, ...more] = reachRule({ ...facts([sorry], DOWN), ...ofHost, connects });
  assert.deepEqual([verdict?.code, verdict?.fix, more], ['server-is-director', undefined, []]);
  assert.match(verdict?.advice ?? '', /^it is the sorry server of \/etc\/weir\/weir\.yaml: start the process/);
});
