// Calls everything the addon has with arguments of every wrong kind, and uses everything in the right way in between, in a
// process of its own. Prints one line when it survives. The one argument: a BPF object file.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { native } from '../../src/sys/addon.js';
import type { Native, PollHandle, SystemError } from '../../src/sys/native.js';
import fc from '../support/properties.js';

const n = native();
const path = process.argv[2] ?? '';
let calls = 0;

const object = n.bpfObjectOpen(path);
n.bpfObjectLoad(object);
const closed = n.bpfObjectOpen(path);
n.bpfObjectClose(closed);
const unloaded = n.bpfObjectOpen(path);
/** Descriptors that may be abused: every kind, ours alone. None of a thing that could block or be written to disk. */
const fds = [
  n.bpfProgramFd(object, 'count'),
  n.bpfProgramFd(object, 'mark'),
  n.bpfMapFd(object, 'by_protocol'),
  n.bpfMapFd(object, 'each_cpu'),
  n.bpfMapFd(object, 'table'),
  n.socket(2, 2, 0),
  n.socket(16, 3, 0),
  n.open('/proc/self/ns/net', 0),
  n.open('/dev/null', 2),
];
const epollSet = n.epollCreate();
const polls: PollHandle[] = [];
const worked = new Map<keyof Native, number>();

/** Stands for a proxy that throws at every touch, also at the generator's. */
const REVOKED = Symbol('revoked');

const wholeNumbers = fc.constantFrom(-2, -1, 0, 1, 2, 3, 4, 16, 37, 46, 64, 2 ** 32, 2 ** 53, ...fds);
const strangeNumbers = fc.constantFrom(0.5, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 31) - 1, 1e300);
const names = fc.constantFrom('', 'x', 'lo', 'count', 'mark', 'table', 'by_protocol', 'step', 'a\0b', 'ü'.repeat(300), './none/such');
const views = fc.oneof(
  fc.nat(80).map((size) => new Uint8Array(size)),
  fc.nat(80).map((size) => new Uint8Array(new SharedArrayBuffer(size))),
  fc.constantFrom(4, 8, 12, 16, 20, 32, 64).map((size) => new Uint8Array(128).subarray(3, 3 + size)),
  fc.constant(0).map(detached),
  fc.constantFrom(new Float64Array(4), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), new Int8Array(4), new Uint8ClampedArray(4)),
);
const others = fc.constantFrom<unknown>(
  undefined,
  null,
  true,
  false,
  7n,
  Symbol('s'),
  {},
  [],
  () => undefined,
  new Proxy({}, {}),
  REVOKED,
  object,
  closed,
  unloaded,
  Object.create(object as object),
  new Date(),
);
const options = fc.record(
  {
    data: fc.oneof(views, others),
    ctx: views,
    repeat: fc.oneof(wholeNumbers, strangeNumbers),
    flags: fc.oneof(wholeNumbers, others),
    cpu: wholeNumbers,
    batchSize: wholeNumbers,
    outSize: wholeNumbers,
  },
  { requiredKeys: [] },
);
const anything = fc.oneof(wholeNumbers, wholeNumbers, strangeNumbers, names, views, views, others, options, fc.anything());
/** What each call takes: n number, b bytes, s string, y yes or no, o object, t test options, c callback. */
const shapes: { readonly [K in keyof Native]: string } = {
  open: 'snn',
  close: 'n',
  flock: 'nn',
  socket: 'nnnn',
  bind: 'nb',
  listen: 'nn',
  connect: 'nb',
  setsockopt: 'nnnb',
  attachFilter: 'nb',
  getsockopt: 'nnnb',
  getsockname: 'nb',
  sendto: 'nbb',
  recvfrom: 'nbbn',
  ioctl: 'nnb',
  pollOnce: 'nnn',
  pollNow: 'b',
  pollStart: 'nnc',
  pollStop: 'o',
  sendmsg: 'nbbb',
  recvmsg: 'nbbb',
  epollCreate: '',
  epollControl: 'nnnnnn',
  epollWait: 'nb',
  reactorOpen: 'nc',
  reactorClose: '',
  reactorAdd: 'nn',
  reactorAdopt: 'nn',
  reactorAcknowledge: 'n',
  reactorWatch: 'nn',
  reactorRemove: 'nn',
  reactorListen: 'bn',
  reactorAccept: 'nnn',
  reactorConnect: 'bn',
  reactorRecv: 'nnn',
  reactorSend: 'nnny',
  reactorShutdown: 'n',
  reactorError: 'n',
  reactorCloseFd: 'n',
  timerCreate: '',
  timerSet: 'nn',
  timerRead: 'n',
  spawn: 'sbbnnb',
  reap: 'n',
  reapOrphans: 'b',
  pidfdOpen: 'n',
  pidfdSignal: 'nn',
  setScheduler: 'nnn',
  setAffinity: 'nb',
  exitNow: 'n',
  lockFiles: '',
  releaseFiles: '',
  setLimit: 'nnn',
  parentDeathSignal: 'n',
  setWords: 'b',
  watchSignal: 'n',
  takeSignals: '',
  lookUpUser: 's',
  lookUpGroup: 's',
  lookUpGroups: 'sn',
  mkfifo: 'sn',
  inotifyCreate: '',
  inotifyAdd: 'nsn',
  inotifyRemove: 'nn',
  setns: 'n',
  netnsCookie: 'n',
  ifNameToIndex: 'sn',
  possibleCpus: '',
  bpfObjectOpen: 's',
  bpfSetMapEntries: 'osn',
  bpfSetVariable: 'osb',
  bpfReuseMap: 'osn',
  bpfSetAutoload: 'osy',
  bpfObjectLoad: 'o',
  bpfProgramFd: 'os',
  bpfMapFd: 'os',
  bpfObjectClose: 'o',
  bpfObjPin: 'ns',
  bpfObjGet: 's',
  bpfMapCreate: 'nsnnnn',
  bpfMapInfo: 'n',
  bpfMapMmap: 'nnyn',
  bpfMapLookup: 'nbb',
  bpfMapUpdate: 'nbbn',
  bpfMapDelete: 'nb',
  bpfMapNextKey: 'nbb',
  bpfProgTest: 'nt',
  bpfLinkCreate: 'nnnnn',
  bpfLinkUpdate: 'nn',
  bpfLinkDetach: 'n',
  bpfLinkInfo: 'n',
  bpfProgId: 'n',
  bpfTcAttach: 'nnynnn',
  bpfTcDetach: 'nynnn',
  bpfTcQuery: 'nynnn',
  bpfProgQuery: 'nnn',
};
const kinds: { readonly [kind: string]: fc.Arbitrary<unknown> } = {
  n: wholeNumbers,
  b: views,
  s: names,
  y: fc.boolean(),
  o: fc.constantFrom<unknown>(object, unloaded, closed),
  t: options,
  c: fc.constant(() => undefined),
};

/** Our epoll set for that of node's event loop, which aborts at an entry that is not its own. */
const withOurSet = ([first, ...rest]: readonly unknown[]): readonly unknown[] => [Number.isInteger(first) ? epollSet : first, ...rest];

function argumentsOf(name: keyof Native): fc.Arbitrary<readonly unknown[]> {
  return name === 'epollControl' ? anyArgumentsOf(name).map(withOurSet) : anyArgumentsOf(name);
}

/** Mostly arguments of the right kinds (how else to get past the first check?), now and then anything at all. */
function anyArgumentsOf(name: keyof Native): fc.Arbitrary<readonly unknown[]> {
  const harmless = gentle[name];
  if (harmless !== undefined) return fc.array(harmless, { maxLength: 3 });
  const fitting = [...shapes[name]].map((kind) =>
    fc.oneof({ weight: 9, arbitrary: kinds[kind] ?? anything }, { weight: 1, arbitrary: anything }),
  );
  return fc.oneof({ weight: 4, arbitrary: fc.tuple(...fitting) }, { weight: 1, arbitrary: fc.array(anything, { maxLength: 7 }) });
}

/** Where anything of the pool would do harm: closing node's own descriptors or the object in use, waiting for ever (also in a later call: a FIFO). */
const gentle: { readonly [K in keyof Native]?: fc.Arbitrary<unknown> } = {
  close: fc.oneof(strangeNumbers, views, others, fc.constantFrom(-1, 2 ** 32)),
  reactorShutdown: fc.oneof(strangeNumbers, views, others, fc.constantFrom(-1, 2 ** 32)),
  reactorCloseFd: fc.oneof(strangeNumbers, views, others, fc.constantFrom(-1, 2 ** 32)),
  bpfObjectClose: fc.oneof(strangeNumbers, views, fc.constantFrom<unknown>(closed, null, undefined, {})),
  exitNow: fc.oneof(views, others, fc.constantFrom(-1, 256, 2 ** 32)),
  flock: fc.oneof(strangeNumbers, views, others, fc.constantFrom(-1, 4, 5, 8)),
  mkfifo: fc.oneof(strangeNumbers, views, others, fc.constantFrom('', './none/such', 'a\0b')),
  setScheduler: fc.oneof(strangeNumbers, views, others, fc.constantFrom(-1, 0, 2 ** 32)),
  setLimit: fc.oneof(strangeNumbers, views, others, fc.constantFrom(-1, 2 ** 32)),
  parentDeathSignal: fc.oneof(strangeNumbers, views, others, fc.constantFrom(-1, 0, 2 ** 32)),
  pidfdSignal: fc.oneof(views, others, fc.constantFrom(-1, 65, 2 ** 32)),
};

function detached(): Uint8Array {
  const view = new Uint8Array(16);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** A call either works or throws an error of the agreed form. */
function call(name: keyof Native, args: readonly unknown[]): void {
  calls++;
  try {
    const result = (n[name] as (...all: readonly unknown[]) => unknown)(...args.map((arg) => (arg === REVOKED ? revoked() : arg)));
    worked.set(name, (worked.get(name) ?? 0) + 1);
    if (name === 'pollStart') polls.push(result as PollHandle);
    if (givesDescriptor.has(name)) n.close(result as number);
  } catch (error) {
    const { code, errno, syscall } = error as SystemError;
    assert.ok(typeof code === 'string' && errno > 0 && typeof syscall === 'string', `${name}: ${String(error)}`);
  }
}

const givesDescriptor = new Set<keyof Native>([
  'open',
  'socket',
  'bpfProgramFd',
  'bpfMapFd',
  'bpfMapCreate',
  'bpfObjGet',
  'bpfLinkCreate',
  'timerCreate',
  'epollCreate',
  'watchSignal',
  'inotifyCreate',
  'pidfdOpen',
]);

async function abuseAll(): Promise<void> {
  const byName = Object.keys(n) as (keyof Native)[];
  assert.deepEqual([...byName].sort(), Object.keys(shapes).sort());
  for (const name of byName) {
    fc.assert(
      fc.property(argumentsOf(name), (given) => call(name, given)),
      { numRuns: 300 },
    );
    for (const handle of polls.splice(0)) {
      n.pollStop(handle);
      n.pollStop(handle);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The proper use of everything that allocates, so that the checks see it too. */
async function useAll(): Promise<void> {
  const program = n.bpfProgramFd(object, 'count');
  const map = n.bpfMapFd(object, 'by_protocol');
  n.bpfProgTest(program, { data: new Uint8Array(64), repeat: 3, outSize: 64 });
  n.bpfProgTest(program, { data: new Uint8Array(64), ctx: new Uint8Array(24).fill(0).fill(64, 4, 5), outSize: 0 });
  new BigUint64Array(n.bpfMapMmap(map, 2048, true))[3] = 1n;
  const key = new Uint8Array(4);
  while (n.bpfMapNextKey(map, key, key)) n.bpfMapLookup(map, key, new Uint8Array(8));
  const link = n.bpfLinkCreate(program, n.ifNameToIndex('lo'), 37, 2);
  n.bpfLinkInfo(link);
  for (const fd of [link, map, program]) n.close(fd);
  const refused = n.bpfObjectOpen(path);
  n.bpfSetAutoload(refused, 'rejected', true);
  assert.throws(() => n.bpfObjectLoad(refused), { code: 'EACCES' });
  const socket = n.socket(2, 2, 0);
  await new Promise<void>((resolve) => {
    const handle = n.pollStart(socket, 4, () => {
      n.pollStop(handle);
      resolve();
    });
  });
  n.close(socket);
  globalThis.gc?.();
}

/** A thread that ends with a poll alive and another one never stopped. */
async function endWorker(): Promise<void> {
  const worker = new Worker(new URL('./poll-worker.js', import.meta.url), { workerData: 'idle' });
  await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
}

await useAll();
await abuseAll();
await useAll();
await endWorker();
globalThis.gc?.();
process.stdout.write(`survived ${calls} calls\n`);
