import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultClientLimits, defaultKeepAlive, defaultProxying, defaultServer } from './defaults.js';
import { templateText } from './template.js';

test('times and sizes as nginx writes them', () => {
  const seconds = (us: number): string => `${us / 1e6}s`;
  const { connectUs, sendUs, readUs, upgradedUs } = defaultProxying.timeouts;
  assert.deepEqual([connectUs, sendUs, readUs, upgradedUs].map(seconds), ['60s', '60s', '60s', '3600s']);
  assert.deepEqual([defaultKeepAlive.idleUs, defaultKeepAlive.lifeUs, defaultServer.failTimeoutUs].map(seconds), ['60s', '3600s', '10s']);
  assert.deepEqual([defaultClientLimits.headTimeoutUs, defaultClientLimits.keepAliveUs].map(seconds), ['60s', '75s']);
  assert.equal(defaultProxying.bodyMaxBytes, 1_048_576);
});

test('servers get the Host of the client, and know the client', () => {
  assert.deepEqual(
    defaultProxying.requestFields.map(({ name, value }) => `${name}: ${templateText(value)}`),
    ['Host: ${http_host}', 'X-Forwarded-For: ${proxy_add_x_forwarded_for}', 'X-Forwarded-Proto: ${scheme}'],
  );
});
