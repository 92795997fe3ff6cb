// The dashboard's files: small, and sent with a policy by which they ask only their own host.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { artifact } from '../../src/sys/artifact.js';
import { testApi } from '../support/api.js';

const SCRIPT_MAX = 120 * 1024;

test('its script has at most 120 KB when compressed', () => {
  const size = gzipSync(readFileSync(artifact('weir-dashboard.js'))).length;
  assert.ok(size > 1024 && size <= SCRIPT_MAX, `${size} bytes`);
});

test('its page runs and asks only what comes from its own host', async () => {
  const ask = testApi();
  const page = await ask('/');
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|\*|http/);
  const named = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  assert.deepEqual(named, ['data:,', '/dashboard.css', '/dashboard.js']);
  for (const file of ['/dashboard.css', '/dashboard.js']) assert.equal((await ask(file)).status, 200);
});
