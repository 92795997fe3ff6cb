import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServiceWord, serviceWord } from './service-word.js';

test('a service is one word, and the word is the service', () => {
  for (const word of ['tcp:192.0.2.1:80', 'udp:[2001:db8::1]:53', 'sctp:192.0.2.1:0', 'mark:5', 'mark6:4294967295']) {
    const key = parseServiceWord(word);
    assert.ok(key !== undefined, word);
    assert.equal(serviceWord(key), word);
  }
  for (const wrong of [
    '',
    'tcp:',
    '192.0.2.1:80',
    'tcp:192.0.2.1',
    'icmp:192.0.2.1:1',
    'mark:0',
    'mark:4294967296',
    'mark:x',
    'tcp:2001:db8::1:80',
  ])
    assert.equal(parseServiceWord(wrong), undefined, wrong);
});
