// Tail calls of the datapath: each with a map and a place that are its own. Where the compiler joins two of them into one, the kernel no longer knows where it
// leads, and jumps by a table and, on most processors, a retpoline, which costs tens of cycles a packet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesUnder, read } from '../support/project.js';

test('tail calls are those that the compiler does not join', () => {
  const sources = filesUnder('bpf/director').filter((file) => /\.[ch]$/.test(file));
  assert.ok(sources.some((file) => read(file).includes('bpf_tail_call_static(')));
  assert.deepEqual(
    sources.filter((file) => /\bbpf_tail_call\(/.test(read(file))),
    [],
  );
});
