import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director } from '../../../../test/support/doctor-facts.js';
import { diagnose } from '../../diagnose.js';

const found = (why: string, place = 'https://192.0.2.1:9443') =>
  diagnose({ ...director, apiSilences: [{ places: [place], why }] }).filter(({ code }) => code === 'api-silent');

test('an API that answers everywhere: nothing; one that does not: where, why, and the cause that its message names', () => {
  assert.ok(!diagnose(director).some(({ code }) => code === 'api-silent'));
  const [taken, ...others] = found('listen EADDRINUSE: address already in use 192.0.2.1:9443');
  assert.deepEqual(others, []);
  assert.equal(taken?.severity, 'error');
  assert.match(taken?.what ?? '', /answer at https:\/\/192\.0\.2\.1:9443: listen EADDRINUSE/);
  assert.match(taken?.cause ?? '', /another program listens there/);
  assert.match(found('listen EADDRNOTAVAIL: address not available 192.0.2.1:9443')[0]?.cause ?? '', /no interface/);
  assert.equal(found('/run/weir/api.sock is served already', '/run/weir/api.sock')[0]?.severity, 'warning');
  assert.match(found('the certificate /etc/weir/api.pem cannot be used')[0]?.cause ?? '', /cannot begin there/);
});
