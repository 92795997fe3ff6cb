import assert from 'node:assert/strict';
import { test } from 'node:test';
import { switchLacks } from './switch-needs.js';

const typesOf = (...names: readonly string[]): Buffer => Buffer.from(`\0${names.join('\0')}\0`);
const [CONTEXT, LINKS, SOCKETS] = ['bpf_cast_to_kern_ctx', 'BPF_TCX_INGRESS', 'bpf_sk_assign_tcp_reqsk'];

test('a kernel lacks what is no whole name of its types', () => {
  assert.deepEqual(switchLacks(typesOf('int', CONTEXT, LINKS, SOCKETS, 'char')), []);
  assert.deepEqual(switchLacks(typesOf(CONTEXT, LINKS, `${SOCKETS}_not`, `not_${SOCKETS}`)), [`${SOCKETS} (Linux 6.9)`]);
  assert.deepEqual(switchLacks(typesOf(CONTEXT)), [`${LINKS} (Linux 6.6)`, `${SOCKETS} (Linux 6.9)`]);
  assert.equal(switchLacks(typesOf('int')).length, 3);
});

test('a kernel without types of its own', () => {
  assert.deepEqual(switchLacks(undefined), ['/sys/kernel/btf/vmlinux']);
});
