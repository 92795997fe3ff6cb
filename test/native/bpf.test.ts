// BPF through the addon: objects, variables, maps, test runs; and every way these fail.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { native } from '../../src/sys/addon.js';
import { BpfMap, ObjectFile, type Program } from '../../src/sys/bpf/bpf-objects.js';
import { Fd, openFds } from '../../src/sys/fd.js';
import type { BpfObject, SystemError } from '../../src/sys/native.js';
import { compileObject, EBADF, EINVAL, ENOENT, fails, fdCount, needsBpf } from './support.js';

const n = native();
let object = '';
let removeObject = () => {};

before(() => {
  if (needsBpf.skip !== false) return;
  const compiled = compileObject();
  object = compiled.path;
  removeObject = compiled.remove;
});
after(() => removeObject());

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
/** Ethernet, then an IPv4 header of the given protocol; 64 bytes. */
function packet(protocol: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, protocol]);
  return bytes;
}

function thrownBy(call: () => unknown): SystemError {
  try {
    call();
  } catch (error) {
    return error as SystemError;
  }
  return assert.fail('nothing was thrown');
}

test('an object is adjusted, loaded, run and read', needsBpf, () => {
  const [fds, owned] = [fdCount(), openFds()];
  const file = new ObjectFile(object).variable('step', u32(3)).variable('verdict', Uint8Array.of(3, 0)).mapEntries('table', 99).load();
  const [count, byProtocol, table] = [file.program('count'), file.map('by_protocol'), file.map('table')];
  file.close(); // descriptors are copies of their own
  assert.equal(table.info().maxEntries, 99);
  const result = count.test({ data: packet(17), repeat: 10, outSize: 100 });
  assert.equal(result.retval, 3);
  assert.deepEqual(result.data, packet(17));
  assert.equal(count.test({ data: packet(6), outSize: 0 }).data.length, 0);
  const value = new Uint8Array(8);
  assert.equal(byProtocol.lookup(u32(17), value), true);
  assert.equal(new DataView(value.buffer).getBigUint64(0, true), 30n);
  for (const owner of [count, byProtocol, table]) owner.close();
  for (const owner of [count, byProtocol, table]) owner.close();
  assert.deepEqual([fdCount(), openFds()], [fds, owned]);
});

test('a context goes in and comes out', needsBpf, () => {
  const file = new ObjectFile(object).load();
  const mark = file.program('mark');
  const ctx = new Uint8Array(192); // struct __sk_buff; mark is its third word
  const result = mark.test({ data: packet(6), ctx });
  assert.equal(result.retval, 0xffffffff);
  assert.equal(new DataView(result.ctx.buffer).getUint32(8, true), 64);
  assert.equal(result.ctx.length, 192);
  mark.close();
  file.close();
});

test('signals that come every millisecond or so end neither a load nor a run of many turns', needsBpf, async () => {
  let came = 0;
  const count = (): void => {
    came += 1;
  };
  process.on('SIGWINCH', count);
  const sender = spawn('sh', ['-c', 'while kill -WINCH "$0" 2>/dev/null; do sleep 0.001; done', String(process.pid)], { stdio: 'ignore' });
  try {
    while (came === 0) await setTimeout(1);
    const handle = n.bpfObjectOpen(object);
    n.bpfSetAutoload(handle, 'long_to_verify', true);
    n.bpfObjectLoad(handle);
    const program = n.bpfProgramFd(handle, 'long_to_verify');
    assert.equal(n.bpfProgTest(program, { data: packet(6), repeat: 1000, outSize: 0 }).retval, 2);
    n.close(program);
    n.bpfObjectClose(handle);
    const before = came;
    while (came === before) await setTimeout(1);
  } finally {
    sender.kill();
    process.off('SIGWINCH', count);
  }
});

test('variables: every data section, exact sizes, only before the load', needsBpf, () => {
  const handle = n.bpfObjectOpen(object);
  n.bpfSetVariable(handle, 'started_at', new Uint8Array(8).fill(1));
  n.bpfSetVariable(handle, 'zeroed', u32(9));
  fails(() => n.bpfSetVariable(handle, 'step', new Uint8Array(8)), 'EINVAL', EINVAL, 'bpfSetVariable');
  fails(() => n.bpfSetVariable(handle, 'step', new Uint8Array(0)), 'EINVAL', EINVAL, 'bpfSetVariable');
  fails(() => n.bpfSetVariable(handle, 'no_such', u32(1)), 'ENOENT', ENOENT, 'bpfSetVariable');
  fails(() => n.bpfSetVariable(handle, 'table', u32(1)), 'ENOENT', ENOENT, 'bpfSetVariable');
  n.bpfObjectLoad(handle);
  fails(() => n.bpfSetVariable(handle, 'step', u32(1)), 'EBUSY', 16, 'bpfSetVariable');
  fails(() => n.bpfSetMapEntries(handle, 'table', 1), 'EBUSY', 16, 'bpf_map__set_max_entries');
  fails(() => n.bpfObjectLoad(handle), 'EBUSY', 16, 'bpf_object__load');
  n.bpfObjectClose(handle);
});

test('an object that cannot be opened or loaded reports why', needsBpf, () => {
  const before = fdCount();
  fails(() => n.bpfObjectOpen(`${object}.none`), 'ENOENT', ENOENT, 'bpf_object__open');
  writeFileSync(`${object}.junk`, 'not ELF');
  const junk = thrownBy(() => n.bpfObjectOpen(`${object}.junk`));
  assert.equal(junk.code, 'ENOEXEC');
  assert.match(junk.log ?? '', /not a proper ELF object/);
  const handle = n.bpfObjectOpen(object);
  n.bpfSetAutoload(handle, 'rejected', true);
  const refused = thrownBy(() => n.bpfObjectLoad(handle));
  assert.deepEqual([refused.code, refused.errno, refused.syscall], ['EACCES', 13, 'bpf_object__load']);
  assert.match(refused.log ?? '', /invalid access to packet/);
  assert.ok((refused.log?.length ?? 0) <= 16384);
  fails(() => n.bpfProgramFd(handle, 'count'), 'ENOENT', ENOENT, 'bpf_program__fd');
  n.bpfObjectClose(handle);
  assert.equal(fdCount(), before);
});

test('object handles: names, use after close, what is none', needsBpf, () => {
  const before = fdCount();
  const handle = n.bpfObjectOpen(object);
  for (const [call, syscall] of [
    [() => n.bpfSetMapEntries(handle, 'none', 1), 'bpf_map__set_max_entries'],
    [() => n.bpfReuseMap(handle, 'none', 0), 'bpf_map__reuse_fd'],
    [() => n.bpfSetAutoload(handle, 'none', true), 'bpf_program__set_autoload'],
    [() => n.bpfProgramFd(handle, 'none'), 'bpf_program__fd'],
    [() => n.bpfMapFd(handle, 'none'), 'bpf_map__fd'],
    [() => n.bpfProgramFd(handle, 'count'), 'bpf_program__fd'], // not loaded yet
    [() => n.bpfMapFd(handle, 'table'), 'bpf_map__fd'],
  ] as const) {
    fails(call, 'ENOENT', ENOENT, syscall);
  }
  assert.throws(() => n.bpfReuseMap(handle, 'table', 1 << 20), { code: 'EBADF', syscall: 'bpf_map__reuse_fd' });
  n.bpfObjectClose(handle);
  n.bpfObjectClose(handle);
  fails(() => n.bpfObjectLoad(handle), 'EBADF', EBADF, 'bpf_object__load');
  fails(() => n.bpfMapFd(handle, 'table'), 'EBADF', EBADF, 'bpf_map__fd');
  for (const none of [{}, null, 7, undefined, n.pollStart] as unknown[] as BpfObject[]) {
    fails(() => n.bpfObjectLoad(none), 'EINVAL', EINVAL, 'bpf_object__load');
    fails(() => n.bpfObjectClose(none), 'EINVAL', EINVAL, 'bpf_object__close');
  }
  assert.equal(fdCount(), before);
});

test('maps: update, lookup, keys, delete, and their refusals', needsBpf, () => {
  const map = new BpfMap(openMap(1, 4, 4, 3)); // HASH
  const value = new Uint8Array(4);
  assert.equal(map.lookup(u32(1), value), false);
  for (const key of [1, 2, 3]) map.update(u32(key), u32(key * 10));
  assert.equal(map.lookup(u32(2), value), true);
  assert.deepEqual(value, u32(20));
  const keys = [...map.keys()].map((key) => new DataView(key.buffer).getUint32(0, true));
  assert.deepEqual(keys.sort(), [1, 2, 3]);
  fails(() => map.update(u32(2), value, 1), 'EEXIST', 17, 'bpf_map_update_elem');
  fails(() => n.bpfMapUpdate(map.fd.number, u32(4), value, 0), 'E2BIG', 7, 'bpf_map_update_elem');
  assert.equal(map.delete(u32(3)), true);
  assert.equal(map.delete(u32(3)), false);
  const { fd } = map;
  const short = new Uint8Array(3);
  const long = new Uint8Array(5);
  const update = 'bpf_map_update_elem';
  fails(() => n.bpfMapLookup(fd.number, short, value), 'EINVAL', EINVAL, 'bpf_map_lookup_elem');
  fails(() => n.bpfMapLookup(fd.number, u32(1), short), 'EINVAL', EINVAL, 'bpf_map_lookup_elem');
  fails(() => n.bpfMapUpdate(fd.number, long, value), 'EINVAL', EINVAL, update);
  fails(() => n.bpfMapUpdate(fd.number, u32(1), short), 'EINVAL', EINVAL, update);
  fails(() => n.bpfMapDelete(fd.number, short), 'EINVAL', EINVAL, 'bpf_map_delete_elem');
  fails(() => n.bpfMapNextKey(fd.number, null, short), 'EINVAL', EINVAL, 'bpf_map_get_next_key');
  fails(() => n.bpfMapNextKey(fd.number, new Uint8Array(0), value), 'EINVAL', EINVAL, 'bpf_map_get_next_key');
  map.close();
  fails(() => n.bpfMapLookup(1 << 20, u32(1), value), 'EBADF', EBADF, 'bpf_map_lookup_elem');
  fails(() => n.bpfMapInfo(0), 'EINVAL', EINVAL, 'bpfMapInfo');
});

test('per-CPU values are rounded up to 8 bytes a CPU', needsBpf, () => {
  const file = new ObjectFile(object).load();
  const map = file.map('each_cpu');
  const size = 16 * n.possibleCpus();
  map.update(u32(1), new Uint8Array(size).fill(7));
  const value = new Uint8Array(size);
  assert.equal(map.lookup(u32(1), value), true);
  for (let cpu = 0; cpu < n.possibleCpus(); cpu++) assert.deepEqual([...value.subarray(cpu * 16, cpu * 16 + 12)], Array(12).fill(7));
  fails(() => map.update(u32(1), new Uint8Array(size - 1)), 'EINVAL', EINVAL, 'bpf_map_update_elem');
  fails(() => map.lookup(u32(1), new Uint8Array(12)), 'EINVAL', EINVAL, 'bpf_map_lookup_elem');
  map.close();
  file.close();
});

test('a mapped array is the same memory as the program has, and outlives its descriptor', needsBpf, () => {
  const file = new ObjectFile(object).load();
  const [map, count] = [file.map('by_protocol'), file.program('count')];
  const words = new BigUint64Array(map.mmap(256 * 8, true));
  const reader = new BigUint64Array(map.mmap(256 * 8, false));
  count.test({ data: packet(89), repeat: 4 });
  assert.equal(words[89], 4n);
  words[89] = 100n;
  map.close();
  file.close();
  count.test({ data: packet(89) });
  assert.deepEqual([words[89], reader[89]], [101n, 101n]);
  count.close();
});

test('what cannot be mapped', needsBpf, () => {
  const file = new ObjectFile(object).load();
  const [map, plain] = [file.map('by_protocol'), file.map('table')];
  fails(() => map.mmap(1 << 20, true), 'EINVAL', EINVAL, 'mmap');
  fails(() => map.mmap(0, true), 'EINVAL', EINVAL, 'mmap');
  fails(() => map.mmap(-1, true), 'EINVAL', EINVAL, 'mmap');
  fails(() => plain.mmap(4096, true), 'ENOTSUPP', 524, 'mmap');
  fails(() => n.bpfMapMmap(1 << 20, 4096, true), 'EBADF', EBADF, 'mmap');
  map.close();
  plain.close();
  file.close();
});

test('a map serves two objects', needsBpf, () => {
  const first = new ObjectFile(object).load();
  const shared = first.map('by_protocol');
  const second = new ObjectFile(object).reuseMap('by_protocol', shared).load();
  const [count, same] = [second.program('count'), second.map('by_protocol')];
  assert.equal(same.info().id, shared.info().id);
  count.test({ data: packet(2), repeat: 3 });
  const value = new Uint8Array(8);
  shared.lookup(u32(2), value);
  assert.equal(value[0], 3);
  for (const owner of [count, same, shared]) owner.close();
  first.close();
  second.close();
});

test('test runs: bad options are refused, whatever they are', needsBpf, () => {
  const file = new ObjectFile(object).load();
  const count: Program = file.program('count');
  const syscall = 'bpf_prog_test_run';
  const data = packet(6);
  fails(() => count.test({ data: new Uint8Array(4) }), 'EINVAL', EINVAL, syscall);
  fails(() => count.test({ data, repeat: -1 }), 'EINVAL', EINVAL, syscall);
  fails(() => count.test({ data, repeat: 1.5 }), 'EINVAL', EINVAL, syscall);
  fails(() => count.test({ data, outSize: 2 ** 30 }), 'EINVAL', EINVAL, syscall);
  fails(() => count.test({ data, ctx: 'text' as unknown as Uint8Array }), 'EINVAL', EINVAL, syscall);
  fails(() => count.test({ data, outSize: 10 }), 'ENOSPC', 28, syscall);
  fails(() => count.test(undefined as never), 'EINVAL', EINVAL, syscall);
  const trap = {
    get data(): never {
      throw new Error('getter');
    },
  };
  fails(() => count.test(trap), 'EINVAL', EINVAL, syscall);
  fails(() => n.bpfProgTest(1 << 20, { data }), 'EBADF', EBADF, syscall);
  // a getter that takes the packet away after it was looked at
  const late = {
    data: new Uint8Array(1 << 16),
    get outSize(): number {
      structuredClone(late.data.buffer, { transfer: [late.data.buffer] });
      return 64;
    },
  };
  fails(() => count.test(late), 'EINVAL', EINVAL, syscall);
  count.close();
  file.close();
  assert.equal(existsSync(object), true);
});

test('pins: not on an ordinary file system, nor by a path that is none', needsBpf, () => {
  const fd = n.bpfMapCreate(2, 'pin', 4, 8, 1);
  fails(() => n.bpfObjPin(fd, `${object}.pin`), 'EPERM', 1, 'bpf_obj_pin');
  fails(() => n.bpfObjPin(1 << 20, `${object}.pin`), 'EINVAL', EINVAL, 'bpf_obj_pin');
  fails(() => n.bpfObjGet(`${object}.pin`), 'ENOENT', ENOENT, 'bpf_obj_get');
  fails(() => n.bpfObjGet(object), 'EACCES', 13, 'bpf_obj_get');
  fails(() => n.bpfMapCreate(2, 'a-name-that-is-too-long', 4, 8, 1), 'EINVAL', EINVAL, 'bpf_map_create');
  fails(() => n.bpfMapCreate(2, 'zero', 4, 8, 0), 'EINVAL', EINVAL, 'bpf_map_create');
  n.close(fd);
});

function openMap(type: number, key: number, value: number, entries: number): Fd {
  return new Fd(n.bpfMapCreate(type, 'opened', key, value, entries), 'opened');
}
