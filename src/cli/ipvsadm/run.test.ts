import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemonsFor, MemorySyncHost } from '../../../test/support/sync-host.js';
import type { Director } from '../../datapath/director.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { HostSyncDaemons } from '../../host/sync/host-sync-daemons.js';
import type { RefusalErrno } from '../../model/errors/error-row.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { memoryIo } from '../io.js';
import { NeedsHost } from '../names/resolver.js';
import { runIpvsadm } from './run.js';
import { runSave } from './save-command.js';
import type { NameSource, World } from './world.js';

const names: NameSource = {
  host: () => undefined,
  port: () => undefined,
  resolveHost: async () => assert.fail('a name was asked for'),
  resolveAddresses: async () => {},
  addressName: () => undefined,
  portName: () => undefined,
};

function worldOf(director: Director, over: Partial<World> = {}): World {
  return { driver: async () => () => director, names, daemons: daemonsFor(director), isRoot: true, ...over };
}

/** `status stdout stderr` of one command line. */
async function run(line: string, world: World): Promise<{ status: number; stdout: string; stderr: string }> {
  const io = memoryIo();
  const status = await runIpvsadm(
    line.split(' ').filter((word) => word !== ''),
    io,
    world,
  );
  return { status, stdout: io.stdout, stderr: io.stderr };
}

/** Some refusal of each errno. */
const refusals: Readonly<Record<RefusalErrno, () => WeirError>> = {
  EEXIST: () => new WeirError('service-exists'),
  ENOENT: () => new WeirError('destination-missing'),
  ESRCH: () => new WeirError('service-missing'),
  EINVAL: () => new WeirError('destination-not-unicast'),
  ERANGE: () => new WeirError('thresholds-crossed'),
  ENOSPC: () => new WeirError('table-full', { what: '4096 destinations' }),
  EOPNOTSUPP: () => new WeirError('client-address-refused'),
  ENODEV: () => new WeirError('interface-unknown', { name: 'eth9' }),
  ENETUNREACH: () => new WeirError('sync-daemon-unreachable', { name: 'eth1' }),
};

/** A director that refuses everything by one errno. */
function refusing(errno: RefusalErrno): Director {
  const refuse = (): never => {
    throw refusals[errno]();
  };
  const inner = new MemoryDirector();
  return new Proxy(inner, {
    get: (_, name) => (name === 'close' || name === 'info' ? () => ({ version: [1, 2, 1], connTabSize: 4096 }) : refuse),
    has: () => true,
  });
}

const lines = {
  'add service': '-A -t 10.0.0.1:80',
  'edit service': '-E -t 10.0.0.1:80',
  'delete service': '-D -t 10.0.0.1:80',
  'zero service': '-Z -t 10.0.0.1:80',
  'add server': '-a -t 10.0.0.1:80 -r 10.0.0.2',
  'edit server': '-e -t 10.0.0.1:80 -r 10.0.0.2',
  'delete server': '-d -t 10.0.0.1:80 -r 10.0.0.2',
  'list service': '-L -t 10.0.0.1:80',
  list: '-L',
  flush: '-C',
  set: '--set 1 2 3',
  'start daemon': '--start-daemon master',
  'stop daemon': '--stop-daemon master',
} as const;

const INVALID = 'Invalid operation.  Possibly wrong module version, address not unicast, ...';

test('what each refusal is called, by operation', async () => {
  const expected: readonly (readonly [keyof typeof lines, RefusalErrno, string])[] = [
    ['add service', 'EEXIST', 'Service already exists'],
    ['add service', 'ENOENT', 'Scheduler or persistence engine not found'],
    ['edit service', 'ESRCH', 'No such service'],
    ['edit service', 'ENOENT', 'Scheduler or persistence engine not found'],
    ['delete service', 'ESRCH', 'No such service'],
    ['zero service', 'ESRCH', 'No such service'],
    ['list service', 'ESRCH', 'No such service'],
    ['add server', 'ESRCH', 'Service not defined'],
    ['add server', 'EEXIST', 'Destination already exists'],
    ['edit server', 'ESRCH', 'Service not defined'],
    ['edit server', 'ENOENT', 'No such destination'],
    ['delete server', 'ESRCH', 'Service not defined'],
    ['delete server', 'ENOENT', 'No such destination'],
    ['start daemon', 'EEXIST', 'Daemon has already run'],
    ['start daemon', 'ENODEV', 'No such device'],
    ['start daemon', 'ENETUNREACH', 'Network is unreachable'],
    ['stop daemon', 'ESRCH', 'No daemon is running'],
    ['add server', 'ERANGE', 'Numerical result out of range'],
    ['add server', 'EINVAL', INVALID],
    ['set', 'EINVAL', INVALID],
    ['flush', 'ESRCH', 'No such process'],
  ];
  for (const [operation, code, text] of expected) {
    const { status, stderr, stdout } = await run(lines[operation], worldOf(refusing(code)));
    assert.equal(stderr, `${text}\n`, `${operation} ${code}`);
    assert.equal(stdout, '');
    assert.equal(status, operation.startsWith('list') ? 1 : 255);
  }
});

test('a full table is reported with what is full; what the kernel has no error for, by its text', async () => {
  const full = await run(lines['add server'], worldOf(refusing('ENOSPC')));
  assert.equal(full.stderr, 'No space left on device\nweir: no room for 4096 destinations\n');
  const later = await run(lines['add server'], worldOf(refusing('EOPNOTSUPP')));
  assert.equal(later.status, 255);
  assert.match(later.stderr, /^weir: only servers of TCP behind local addresses .*\n$/);
});

test("trouble that weir knows of is one line; a mistake of weir's is thrown on", async () => {
  const throwing = (error: Error): World => {
    const director = new MemoryDirector();
    director.flush = () => {
      throw error;
    };
    return worldOf(director);
  };
  const known = await run('-C', throwing(new WeirError('xdp-not-attached', { name: 'eth0', why: 'two\nlines' })));
  const stderr =
    'weir: XDP cannot be attached to eth0: two; lines — fix: remove what keeps it away, or serve such interfaces by tc: weir load --attach auto\n';
  assert.deepEqual(known, { status: 255, stdout: '', stderr });
  await assert.rejects(run('-C', throwing(new Error('x is undefined'))), /x is undefined/);
});

const fail = (error: Error): never => {
  throw error;
};

const noDaemons = daemonsFor(new MemoryDirector());

function failing(code: string, message: string): World {
  const error = Object.assign(new Error(message), { code, errno: 1, syscall: 'bpf' });
  const driver = async () => (): never => {
    throw error;
  };
  return { driver, names, daemons: noDaemons, isRoot: true };
}

const QUESTION = 'Are you sure that IP Virtual Server is built in the kernel or as module?\n';

test("without a datapath: ipvsadm's lines, then the cause", async () => {
  const noBpf = failing('ENOSYS', 'this kernel has no BPF');
  for (const line of ['-Ln', '-A -t 10.0.0.1:80', '-A', '--nosuch', '-R']) {
    const { status, stderr } = await run(line, noBpf);
    assert.equal(status, 2);
    assert.equal(stderr, `Can't initialize ipvs: Function not implemented\n${QUESTION}weir: this kernel has no BPF\n`);
  }
  const odd = await run('-Ln', { ...noBpf, driver: async () => Promise.reject(new Error('dist/weir.node is missing')) });
  assert.equal(odd.stderr, `Can't initialize ipvs: dist/weir.node is missing\n${QUESTION}`);
  const cause = Object.assign(new Error('x'), { code: 'EINVAL', syscall: 'bpf' });
  const refused = new WeirError('timer-not-started', { step: 1 }, { cause });
  const old = await run('-Ln', { ...noBpf, driver: async () => Promise.reject(refused) });
  assert.equal(old.stderr, `Can't initialize ipvs: ${INVALID}\n${QUESTION}weir: the datapath's timer could not be started (step 1)\n`);
});

test('a lock that is not to be had is one line and status 2, at the start and later', async () => {
  const busy = new WeirError('lock-busy', { path: '/lock', holder: 7, who: '/lock: held by process 7', waitMs: 30_000 });
  const line = 'weir: /lock: held by process 7; gave up after 30 s\n';
  const closed = await run('-C', { ...worldOf(new MemoryDirector()), driver: async () => () => fail(busy) });
  assert.deepEqual(closed, { status: 2, stdout: '', stderr: line });
  const director = new MemoryDirector();
  director.flush = () => fail(busy);
  director.services = () => fail(busy);
  assert.deepEqual(await run('-C', worldOf(director)), { status: 2, stdout: '', stderr: line });
  assert.deepEqual(await run('-Sn', worldOf(director)), { status: 2, stdout: '', stderr: line });
});

test('what it waits for is a line on standard error', async () => {
  const director = new MemoryDirector();
  const world = worldOf(director, {
    driver: async () => (options?: { readonly onWait?: (text: string) => void }) => {
      options?.onWait?.('held by process 7');
      return director;
    },
  });
  for (const line of ['-C', '-Sn']) assert.equal((await run(line, world)).stderr, 'weir: held by process 7\n');
});

test('without root only that is reported', async () => {
  for (const code of ['EPERM', 'EACCES']) {
    const { status, stderr } = await run('-Ln', { ...failing(code, 'bpf: denied'), isRoot: false });
    assert.equal(status, 2);
    assert.equal(stderr, `Can't initialize ipvs: Permission denied (you must be root)\n${QUESTION}`);
  }
  const denied = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'mkdir' });
  const wrapped = new WeirError('bpffs-folder', { folder: '/run/weir', why: 'x' }, { cause: denied });
  const outside = await run('-Ln', { ...failing('EPERM', ''), driver: async () => Promise.reject(wrapped), isRoot: false });
  assert.equal(outside.stderr, `Can't initialize ipvs: Permission denied (you must be root)\n${QUESTION}`);
  const asRoot = await run('-Ln', failing('EPERM', 'no CAP_BPF here'));
  assert.match(asRoot.stderr, /weir: no CAP_BPF here\n$/);
});

test('help and version need no datapath', async () => {
  const version = await run('-v', failing('ENOSYS', 'none'));
  assert.deepEqual(version, { status: 0, stdout: 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n', stderr: '' });
  const help = await run('-h', failing('ENOSYS', 'none'));
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^ipvsadm v1\.31 .*\nUsage:\n {2}ipvsadm -A\|E virtual-service/);
});

test('an unknown scheduler or engine is refused in ipvsadm’s words, and nothing is changed', async () => {
  const director = new MemoryDirector();
  const world = worldOf(director);
  for (const unknown of ['-s nosuch', '-p --pe nosuch', '--pe nosuch'])
    assert.equal((await run(`-A -t 10.0.0.1:80 ${unknown}`, world)).stderr, 'Scheduler or persistence engine not found\n', unknown);
  assert.equal(director.services().length, 0);
});

test('synchronisation daemons are started, listed and stopped', async () => {
  const director = new MemoryDirector();
  const link = { mtu: 1500, isUp: true };
  const host = new MemorySyncHost({ eth0: link, eth1: link, idle: { ...link, isUp: false } });
  const world = worldOf(director, { daemons: new HostSyncDaemons(host) });
  const master = 'master sync daemon (mcast=eth0, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n';
  const backup = 'backup sync daemon (mcast=eth1, syncid=7, maxlen=8972, group=ff02::81, port=9, ttl=5)\n';
  const expected: readonly (readonly [line: string, status: number, stdout: string, stderr: string])[] = [
    ['-L --daemon', 0, '', ''],
    ['--stop-daemon master', 255, '', 'No daemon is running\n'],
    [
      '--start-daemon backup --mcast-interface eth1 --syncid 7 --mcast-group ff02::81 --mcast-port 9 --mcast-ttl 5 --sync-maxlen 8972',
      0,
      '',
      '',
    ],
    ['--start-daemon master', 0, '', ''],
    ['-L --daemon', 0, master + backup, ''],
    ['-l --daemon --syncid 3', 0, master + backup, ''],
    ['--start-daemon master --mcast-interface none', 255, '', 'No such device\n'],
    ['--start-daemon master --mcast-interface idle', 255, '', 'Daemon has already run\n'],
    ['--stop-daemon backup --syncid 9', 0, '', ''],
    ['-C', 0, '', ''],
    ['-L --daemon', 0, master, ''],
    ['--stop-daemon master', 0, '', ''],
    ['--start-daemon master --mcast-interface idle', 255, '', 'Network is unreachable\n'],
    ['--start-daemon backup --sync-peers 10.8.9.1,10.8.9.2', 0, '', ''],
    [
      '-L --daemon',
      0,
      'backup sync daemon (mcast=eth0, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1, peers=10.8.9.1,10.8.9.2)\n',
      '',
    ],
  ];
  for (const [line, status, stdout, stderr] of expected) assert.deepEqual(await run(line, world), { status, stdout, stderr }, line);
  assert.deepEqual(host.done, ['start backup', 'start master', 'stop 1', 'stop 2', 'start backup']);
});

test('a daemon that does not come up is reported', async () => {
  const host = new MemorySyncHost({ eth0: { mtu: 1500, isUp: true } });
  const world = worldOf(new MemoryDirector(), { daemons: new HostSyncDaemons(host) });
  host.failure = new WeirError('sync-daemon-unreachable', { name: 'eth0' });
  assert.deepEqual(await run('--start-daemon master', world), { status: 255, stdout: '', stderr: 'Network is unreachable\n' });
  assert.equal((await run('-L --daemon', world)).stdout, '');
});

test('destinations of another family and synchronisation keep each other out', async () => {
  const host = new MemorySyncHost({ eth0: { mtu: 1500, isUp: true } });
  const world = worldOf(new MemoryDirector(), { daemons: new HostSyncDaemons(host) });
  const other = '-t 10.0.0.9:80 -r 2001:db8::9 -i';
  const steps: readonly (readonly [line: string, stderr: string])[] = [
    ['-A -t 10.0.0.9:80 -s rr', ''],
    [`-a ${other}`, ''],
    ['--start-daemon master', `${INVALID}\n`],
    ['--start-daemon master --mcast-interface none', `${INVALID}\n`],
    ['--stop-daemon master', 'No daemon is running\n'],
    ['-d -t 10.0.0.9:80 -r 2001:db8::9', ''],
    ['--start-daemon master', ''],
    [`-a ${other}`, `${INVALID}\n`],
    ['-a -t 10.0.0.8:80 -r 2001:db8::9 -i', 'Service not defined\n'],
    ['-a -t 10.0.0.9:80 -r 10.0.0.99 -i', ''],
    [`-e ${other}`, `${INVALID}\n`],
    ['--stop-daemon master', ''],
    [`-a ${other}`, ''],
  ];
  for (const [line, stderr] of steps)
    assert.deepEqual(await run(line, world), { status: stderr === '' ? 0 : 255, stdout: '', stderr }, line);
});

test('every scheduler but twos, which older kernels lack, goes from -A to -Ln and -Sn', async () => {
  const world = worldOf(new MemoryDirector());
  for (const name of ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq', 'fo', 'ovf']) {
    assert.equal((await run(`-A -t 10.0.0.1:80 -s ${name}`, world)).status, 0);
    assert.match((await run('-Ln', world)).stdout, new RegExp(`\\nTCP  10\\.0\\.0\\.1:80 ${name}\\n$`));
    assert.equal((await run('-Sn', world)).stdout, `-A -t 10.0.0.1:80 -s ${name}\n`);
    assert.equal((await run('-C', world)).status, 0);
  }
});

test('a listing of connections with names keeps few of them in memory, and prints all', async () => {
  const [total, kept] = [25_000, 10_000];
  const hosts: string[] = [];
  let [made, asked, printed] = [0, 0, 0];
  const endpoint = (word: number, port: number) => ({ address: { family: 'inet', words: [word] }, port }) as const;
  const director = new MemoryDirector();
  director.connections = function* () {
    for (; made < total; ) {
      assert.ok(made - printed <= kept, `${made} made, ${printed} printed`);
      made += 1;
      yield {
        protocol: 'TCP',
        expires: 60,
        state: 'ESTABLISHED',
        client: endpoint(0x0a000000 + made, 1024),
        virtual: endpoint(0x0a640001, 80),
        destination: endpoint(0xc0a80001, 80),
      };
    }
  };
  const io = memoryIo();
  const out = io.out.bind(io);
  io.out = (text) => {
    if (text.startsWith('TCP ')) printed += 1;
    out(text);
  };
  const world = worldOf(director, {
    names: {
      ...names,
      resolveAddresses: async (addresses) => {
        asked += 1;
        for (const { words } of addresses) if (words[0] === 0x0a000000 + 20_001) hosts.push('late.example');
      },
      addressName: ({ words }) => (words[0] === 0x0a000000 + 20_001 ? hosts[0] : undefined),
    },
  });
  assert.equal(await runIpvsadm(['-Lc'], io, world), 0);
  const lines = io.stdout.split('\n');
  assert.deepEqual([lines.length, asked, printed], [total + 3, 3, total]);
  assert.equal(lines[2], 'TCP 01:00  ESTABLISHED 10.0.0.1:1024      10.100.0.1:80      192.168.0.1:80');
  assert.equal(lines[2 + 20_000], 'TCP 01:00  ESTABLISHED late.example:1024  10.100.0.1:80      192.168.0.1:80');
});

test('every run closes what it opened', async () => {
  let open = 0;
  const driver = async () => () => {
    open++;
    const inner = new MemoryDirector();
    inner.close = () => {
      open--;
    };
    return inner;
  };
  for (const line of ['-L', '-S', '-Lc', '-A', '-A -t 10.0.0.1:80', '-D -t 10.0.0.1:80', '-L --timeout']) {
    await run(line, { driver, names, daemons: noDaemons, isRoot: true });
    assert.equal(open, 0, line);
  }
});

test('a host name is asked for once, then the line is read again', async () => {
  const asked: string[] = [];
  const director = new MemoryDirector();
  const world = worldOf(director, {
    names: {
      ...names,
      host: (name) => {
        if (!asked.includes(name)) throw new NeedsHost(name);
        return name === 'web' ? { family: 'inet', words: [0x0a000001] } : undefined;
      },
      resolveHost: async (name) => {
        asked.push(name);
      },
    },
  });
  assert.equal((await run('-A -t web:80', world)).status, 0);
  assert.equal((await run('-a -t web:80 -r nobody', world)).stderr, 'illegal real server address[:port] specified\n');
  assert.deepEqual(asked, ['web', 'nobody']);
});

test('ipvsadm-save knows -n and passes words over', async () => {
  const world = worldOf(new MemoryDirector());
  await run('-A -t 10.0.0.1:80 -s rr', world);
  for (const args of [['-n'], ['x', '-n', '-n']]) {
    const io = memoryIo();
    assert.equal(await runSave(args, io, world), 0);
    assert.equal(io.stdout, '-A -t 10.0.0.1:80 -s rr\n');
  }
  const io = memoryIo();
  assert.equal(await runSave(['-x'], io, world), 1);
  assert.match(io.stderr, /^ipvsadm-save: Script to save the IPVS table to stdout\.\n/);
});
