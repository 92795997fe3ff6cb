import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessRecord, recordOfHead } from '../control/proxy/access-record.js';
import { parseAddress } from '../model/address-text.js';
import { accessLine } from './access-log.js';

const AT = new Date(Date.UTC(2026, 10, 26, 17, 10));
const record: AccessRecord = {
  ...recordOfHead(undefined),
  client: parseAddress('192.0.2.1')!,
  clientPort: 1024,
  startUs: 1000,
  headUs: 2500,
  endUs: 4000,
  method: 'GET',
  target: '/"\n\\',
  agent: '\xe9\xff\x7f',
  status: 200,
  bytes: 120,
  bodyBytes: 20,
  server: 'Ċ x',
  tries: 1,
};

test('a line of the combined format ends nowhere else, whatever clients and names have in them', () => {
  const line =
    '192.0.2.1 - - [26/Nov/2026:17:10:00 +0000] "GET /\\x22\\x0A\\x5C HTTP/1.1" 200 20 "-" "\\xE9\\xFF\\x7F" \\x10A x 1 1.5 3 "done"\n';
  assert.equal(accessLine('combined', record, AT), line);
});

test('an object of the log is ASCII, and has the bytes of clients by their values', () => {
  const line = accessLine('json', record, AT);
  assert.match(line, /^[ -~]+\n$/);
  const { agent, server, target } = JSON.parse(line) as AccessRecord;
  assert.deepEqual([agent, server, target], [record.agent, record.server, record.target]);
});
