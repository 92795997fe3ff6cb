// Each payload through the proxy's machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepingNone } from './in-process.js';
import { payloads } from './payloads.js';

test('each payload is refused with its status and reaches no server, or reaches one as it must', () => {
  for (const { name, bytes, expected } of payloads) {
    const bed = keepingNone();
    const client = bed.client();
    bed.feed(client, bytes);
    const [server] = bed.servers;
    if (typeof expected === 'number') {
      assert.equal(client.received.slice(0, 12), `HTTP/1.1 ${expected}`, name);
      // of a chunked body the head may have gone on before the fault in the body came
      assert.doesNotMatch(server?.received ?? '', /\r\n0\r\n/, name);
      assert.equal(client.isShut || client.isClosed, true, name);
    } else assert.match(server?.received ?? '', expected, name);
  }
});
