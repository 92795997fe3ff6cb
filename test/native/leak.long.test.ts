// Nothing is kept that was given back: memory and descriptors after a great many calls, in a process of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { compileObject, needsBpf, needsRoot } from './support.js';

interface Figures {
  readonly rssBefore: number;
  readonly rssAfter: number;
  readonly fdsBefore: number;
  readonly fdsAfter: number;
}

/** Warm-up and malloc's own slack; a leak of 100 bytes a call would be far above it. */
const SLACK_BYTES = 16 << 20;

/** Runs `work(count)` once small, to warm up, and once large, and looks at the process before and after. */
function measure(setUp: string, work: string, count: number): Figures {
  const script = `
    const { readdirSync } = await import('node:fs');
    const { native } = await import(${JSON.stringify(new URL('../../src/sys/addon.js', import.meta.url).href)});
    const n = native();
    const tick = () => new Promise((resolve) => setImmediate(resolve));
    const settle = async () => { for (let i = 0; i < 5; i++) { globalThis.gc(); await tick(); } };
    const figures = async () => { await settle(); return [process.memoryUsage().rss, readdirSync('/proc/self/fd').length]; };
    ${setUp}
    const work = async (count) => { ${work} };
    await work(${count});
    const [rssBefore, fdsBefore] = await figures();
    await work(${count});
    const [rssAfter, fdsAfter] = await figures();
    console.log(JSON.stringify({ rssBefore, rssAfter, fdsBefore, fdsAfter }));`;
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], { encoding: 'utf8' })) as Figures;
}

function assertNothingKept({ rssBefore, rssAfter, fdsBefore, fdsAfter }: Figures): void {
  assert.equal(fdsAfter, fdsBefore);
  assert.ok(rssAfter - rssBefore < SLACK_BYTES, `${rssBefore} bytes resident grew to ${rssAfter}`);
}

test('100,000 polls started and stopped', () => {
  const loop = 'for (let i = 0; i < count; i++) { n.pollStop(n.pollStart(fd, 1, () => {})); if (i % 5000 === 0) await tick(); }';
  assertNothingKept(measure('const fd = n.socket(2, 2, 0);', loop, 100_000));
});

test('100,000 polls that could not start', () => {
  const loop = 'for (let i = 0; i < count; i++) { try { n.pollStart(fd, 1, () => {}); } catch {} if (i % 5000 === 0) await tick(); }';
  assertNothingKept(measure("const fd = n.open('/dev/null', 0);", loop, 100_000));
});

test('1,000,000 reads of an empty socket', () => {
  const setUp = 'const fd = n.socket(2, 2, 0), into = new Uint8Array(64), from = new Uint8Array(16);';
  assertNothingKept(measure(setUp, 'for (let i = 0; i < count; i++) n.recvfrom(fd, into, from);', 1_000_000));
});

test('20,000 failures', () => {
  const loop = 'for (let i = 0; i < count; i++) { try { n.close(-1); } catch {} try { n.bind(0, null); } catch {} }';
  assertNothingKept(measure('', loop, 20_000));
});

test('500 programs started and reaped, 2,000 that could not start', () => {
  const setUp = "const words = new TextEncoder().encode('true\\0'), none = new Uint8Array(0);";
  const loop = `
    for (let i = 0; i < count; i++) {
      const { pidfd } = n.spawn('/bin/true', words, none, -1, -1);
      while (n.reap(pidfd) < 0) n.pollOnce(pidfd, 1, 1000);
      n.close(pidfd);
    }
    for (let i = 0; i < 4 * count; i++) { try { n.spawn('/none/such', words, none, -1, -1); } catch {} }`;
  assertNothingKept(measure(setUp, loop, 500));
});

test('20,000 timers, epoll sets, names looked up, datagrams with control messages', () => {
  const setUp = 'const fd = n.socket(2, 2, 0), into = new Uint8Array(64), control = new Uint8Array(64);';
  const loop = `
    for (let i = 0; i < count; i++) {
      const timer = n.timerCreate(); n.timerSet(timer, 1); n.timerRead(timer); n.close(timer);
      n.recvmsg(fd, into, null, control);
      const set = n.epollCreate(); n.epollControl(set, 1, fd, 4, i, 0); n.epollWait(set, into); n.close(set);
      if (i % 100 === 0) { n.lookUpUser('root'); n.lookUpGroup('no-such-group'); n.lookUpGroups('root', 0); n.close(n.inotifyCreate()); }
    }`;
  assertNothingKept(measure(setUp, loop, 20_000));
});

test('20,000 sockets of another namespace', needsRoot, () => {
  const setUp = "const ns = n.open('/proc/self/ns/net', 0);";
  assertNothingKept(measure(setUp, 'for (let i = 0; i < count; i++) { n.close(n.socket(2, 2, 0, ns)); n.netnsCookie(ns); }', 20_000));
});

test('BPF: 20,000 map calls, 200 mappings dropped, 50 objects dropped unclosed', needsBpf, () => {
  const object = compileObject();
  try {
    const setUp = `const key = new Uint8Array(4), value = new Uint8Array(8), data = new Uint8Array(64);
      const path = ${JSON.stringify(object.path)}; const map = n.bpfMapCreate(2, 'leak', 4, 8, 512, 1024);`;
    const loop = `
      for (let i = 0; i < count; i++) { n.bpfMapUpdate(map, key, value); n.bpfMapLookup(map, key, value); n.bpfMapInfo(map); }
      for (let i = 0; i < 200; i++) { n.bpfMapMmap(map, 4096, true); if (i % 50 === 0) { globalThis.gc(); await tick(); } }
      for (let i = 0; i < 50; i++) {
        const object = n.bpfObjectOpen(path);
        n.bpfObjectLoad(object);
        const program = n.bpfProgramFd(object, 'count');
        n.bpfProgTest(program, { data });
        n.close(program);
        if (i % 10 === 0) await settle();
      }`;
    assertNothingKept(measure(setUp, loop, 20_000));
  } finally {
    object.remove();
  }
});
