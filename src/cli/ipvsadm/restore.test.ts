import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { daemonsFor } from '../../../test/support/sync-host.js';
import { RestoreLines } from '../../config/ipvsadm/restore-lines.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { memoryIo } from '../io.js';
import { runRestore } from './restore-command.js';
import { runIpvsadm } from './run.js';
import type { World } from './world.js';

function newWorld(director = new MemoryDirector(), over: Partial<World> = {}): World {
  const names = {
    host: () => undefined,
    port: () => undefined,
    resolveHost: async () => {},
    resolveAddresses: async () => {},
    addressName: () => undefined,
    portName: () => undefined,
  };
  return { driver: async () => () => director, names, daemons: daemonsFor(director), isRoot: true, ...over };
}

type Input = string | readonly Uint8Array[];

async function ipvsadm(
  args: readonly string[],
  world: World,
  input: Input = '',
): Promise<{ status: number; stdout: string; stderr: string }> {
  const io = memoryIo(input);
  const status = await runIpvsadm(args, io, world);
  return { status, stdout: io.stdout, stderr: io.stderr };
}

async function saved(world: World): Promise<string> {
  return (await ipvsadm(['-S', '-n'], world)).stdout;
}

const HINT = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n";
const ONE = '-A -t 10.0.0.1:80 -s rr\n';

test('refusals are printed and passed over; the status is that of the last line', async () => {
  const world = newWorld();
  const twice = await ipvsadm(['-R'], world, `${ONE}${ONE}-A -t 10.0.0.2:80 -s nosuch\n-A -t 10.0.0.3:80 -s rr\n`);
  assert.deepEqual(twice, { status: 0, stdout: '', stderr: 'Service already exists\nScheduler or persistence engine not found\n' });
  assert.equal(await saved(world), `${ONE}-A -t 10.0.0.3:80 -s rr\n`);
  assert.deepEqual(await ipvsadm(['-R'], world, ONE), { status: 255, stdout: '', stderr: 'Service already exists\n' });
});

test('usage errors end it immediately; what popt finds wrong does not', async () => {
  const samples: readonly (readonly [string, number, string, boolean])[] = [
    ['garbage\n', 255, HINT, false],
    ['# comment\n', 255, HINT, false],
    ['-R\n', 255, HINT, false],
    ['-A -t 10.0.0.9:80 #\n', 2, 'unexpected argument #\n', false],
    ['-A -t x\n', 2, 'illegal virtual server address[:port] specified\n', false],
    ['-A -t 10.0.0.9:80 -Q\n', 0, '-Q: unknown option\n', true],
    ['-A -t\n', 0, '-t: missing argument\n', true],
  ];
  for (const [line, status, stderr, goesOn] of samples) {
    const world = newWorld();
    assert.deepEqual(await ipvsadm(['-R'], world, line + ONE), { status, stdout: '', stderr }, line);
    assert.equal(await saved(world), goesOn ? ONE : '', line);
  }
  assert.equal((await ipvsadm(['-R'], newWorld(), '-A -t\n')).status, 255);
});

test('listings and help work inside; a listing that fails ends it, help too', async () => {
  const world = newWorld();
  const listed = await ipvsadm(['-R'], world, `${ONE}-Ln\n-S -n\n`);
  assert.match(listed.stdout, /^IP Virtual Server.*TCP {2}10\.0\.0\.1:80 rr\n-A -t 10\.0\.0\.1:80 -s rr\n$/s);
  assert.deepEqual(await ipvsadm(['-R'], world, '-L -t 10.0.0.9:80\n-C\n'), { status: 1, stdout: '', stderr: 'No such service\n' });
  assert.equal((await ipvsadm(['-R'], world, '-v\n-C\n')).status, 0);
  assert.equal(await saved(world), ONE);
});

test('nothing, blank lines, no line end, the name of the program', async () => {
  const world = newWorld();
  assert.deepEqual(await ipvsadm(['-R'], world, ''), { status: 0, stdout: '', stderr: '' });
  assert.deepEqual(await ipvsadm(['-R'], world, '\n  \t\r\n\nipvsadm\n'), { status: 0, stdout: '', stderr: '' });
  assert.equal((await ipvsadm(['-R'], world, '\tipvsadm  -A\t-t 10.0.0.1:80 -s rr\r')).status, 0);
  assert.equal(await saved(world), ONE);
});

test('any table is restored as it was saved', async () => {
  const service = fc.record({
    host: fc.integer({ min: 1, max: 254 }),
    port: fc.integer({ min: 1, max: 65535 }),
    scheduler: fc.constantFrom('rr', 'wlc'),
  });
  const server = fc.record({ host: fc.integer({ min: 1, max: 254 }), weight: fc.nat(65535), method: fc.constantFrom('-m', '-g') });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(service, fc.array(server, { maxLength: 3 })), { maxLength: 6 }), async (table) => {
      const before = newWorld();
      const lines = table.flatMap(([{ host, port, scheduler }, servers]) => [
        `-A -t 10.0.0.${host}:${port} -s ${scheduler}`,
        ...servers.map((each) => `-a -t 10.0.0.${host}:${port} -r 192.168.0.${each.host}:${port} -w ${each.weight} ${each.method}`),
      ]);
      await ipvsadm(['-R'], before, `${lines.join('\n')}\n`);
      const text = await saved(before);
      const after = newWorld();
      assert.deepEqual(await ipvsadm(['-R'], after, text), { status: 0, stdout: '', stderr: '' });
      assert.equal(await saved(after), text);
    }),
  );
});

test('the director is opened once, however the input comes', async () => {
  let opened = 0;
  const director = new MemoryDirector();
  const driver = async () => () => {
    opened++;
    return director;
  };
  const input = [ONE, '-A -t 10.0.0.2:', '80 -s rr\n'].map((text) => Buffer.from(text));
  assert.equal((await ipvsadm(['-R'], newWorld(director, { driver }), input)).status, 0);
  assert.equal(opened, 1);
  assert.equal(director.services().length, 2);
});

test('--atomic: all lines or none, and which line it was', async () => {
  const world = newWorld();
  assert.equal((await ipvsadm(['-R', '--atomic'], world, ONE)).status, 0);
  const samples: readonly (readonly [string, number, string])[] = [
    [ONE, 255, 'line 2: Service already exists'],
    ['-A -t x\n', 2, 'line 2: illegal virtual server address[:port] specified'],
    ['-Q\n', 255, `line 2: ${HINT.trimEnd()}`],
    ['-L\n', 2, 'line 2: it changes nothing, so it cannot be restored'],
    ['-d -t 10.0.0.7:80 -r 10.0.0.8\n', 255, 'line 2: No such destination'],
  ];
  for (const [line, status, text] of samples) {
    const result = await ipvsadm(['-R', '--atomic'], world, `-A -t 10.0.0.7:80 -s rr\n${line}`);
    assert.deepEqual(result, { status, stdout: '', stderr: `weir: ${text}; nothing was changed\n` });
    assert.equal(await saved(world), ONE);
  }
});

test('--atomic: what could not be taken back yet is not reported as unchanged', async () => {
  class Full extends MemoryDirector {
    override atomically<T>(): T {
      throw new WeirError('change-not-undone', { failure: 'no', obstacle: 'no room' });
    }
  }
  const { status, stderr } = await ipvsadm(['-R', '--atomic'], newWorld(new Full()), `${ONE}-A -t 10.0.0.2:80 -s rr\n`);
  assert.deepEqual(
    [status, stderr],
    [255, 'weir: no; what was changed before could not be taken back yet (no room): the next command tries again\n'],
  );
});

async function restoreScript(args: readonly string[], world: World, input: Input): Promise<{ status: number; stderr: string }> {
  const io = memoryIo(input);
  const status = await runRestore(args, io, world);
  return { status, stderr: io.stderr };
}

test('ipvsadm-restore drops comments; of the present table stays what is in both', async () => {
  const director = new MemoryDirector();
  const world = newWorld(director);
  await ipvsadm(['-R'], world, `-A -t 10.0.0.9:80 -s rr\n${ONE}`);
  const [kept] = director.services();
  const text = `# saved\n${ONE}#-A -t 10.0.0.2:80\n-A -t 10.0.0.3:80 -s rr\n# end`;
  assert.deepEqual(await restoreScript(['-n'], world, text), { status: 0, stderr: '' });
  assert.equal(await saved(world), `${ONE}-A -t 10.0.0.3:80 -s rr\n`);
  assert.equal(director.services()[1]?.spec, kept?.spec, 'it was not made again');
  assert.deepEqual(await restoreScript([], world, '-C\n'), { status: 0, stderr: '' });
  assert.equal(await saved(world), '');
  assert.deepEqual(await restoreScript([], world, ''), { status: 0, stderr: '' }, 'an empty table again');
});

const EMPTY = 'there is no command on standard input; nothing was changed — fix: ipvsadm -C empties the table\n';

test('ipvsadm-restore: a wrong argument or line, an empty file, and a question, leave the table as it is', async () => {
  const world = newWorld();
  await ipvsadm(['-R'], world, ONE);
  const samples: readonly (readonly [readonly string[], string, number, string])[] = [
    [['--atomc'], '', 2, 'weir: unknown option: --atomc\n'],
    [['--', '-n'], '', 2, 'weir: unknown option: --\n'],
    [[''], '', 2, 'weir: unexpected argument: (empty): the table is read from standard input — fix: ipvsadm-restore < FILE\n'],
    [['rules'], '', 2, 'weir: unexpected argument: rules: the table is read from standard input — fix: ipvsadm-restore < rules\n'],
    [['--help'], '', 0, ''],
    [['-n', '-h'], '', 0, ''],
    [[], 'garbage\n', 255, `weir: line 1: ${HINT.trimEnd()}; nothing was changed\n`],
    [[], '', 2, `weir: ${EMPTY}`],
    [['--atomic'], '\n# saved\n \n', 2, `weir: ${EMPTY}`],
    [[], '-A -t 10.0.0.2:80\n-A -t x\n', 2, 'weir: line 2: illegal virtual server address[:port] specified; nothing was changed\n'],
  ];
  for (const [args, input, status, stderr] of samples) {
    assert.deepEqual(await restoreScript(args, world, input), { status, stderr }, `${args} ${input}`);
    assert.equal(await saved(world), ONE);
  }
});

for (const args of [[], ['--atomic'], ['-c']]) {
  test(`ipvsadm-restore ${args} keeps the old table when the new one is refused`, async () => {
    const world = newWorld();
    await ipvsadm(['-R'], world, '-A -t 10.0.0.9:80 -s rr\n');
    const failed = await restoreScript(args, world, `${ONE}${ONE}`);
    assert.deepEqual(failed, { status: 255, stderr: 'weir: line 2: Service already exists; nothing was changed\n' });
    assert.equal(await saved(world), '-A -t 10.0.0.9:80 -s rr\n');
    const commented = await restoreScript(args, world, `# two\n${ONE}# of them\n\n${ONE}# end`);
    assert.equal(commented.stderr, 'weir: line 5: Service already exists; nothing was changed\n', 'lines are counted as in the file');
    assert.equal((await restoreScript(args, world, ONE)).status, 0);
    assert.equal(await saved(world), ONE);
  });
}

test('ipvsadm-restore makes any table of any other, by the fewest changes', async () => {
  const endpoint = (host: number, port: number) => `-t 10.0.0.${host}:${port}`;
  const host = fc.integer({ min: 1, max: 3 });
  const entry = fc.record({ host, server: fc.integer({ min: 1, max: 4 }), weight: fc.nat(2), scheduler: fc.constantFrom('rr', 'wlc') });
  const table = fc.array(entry, { maxLength: 8 }).map((entries) => {
    const lines = new Map<string, string>();
    for (const { host: k, server, weight, scheduler } of entries) {
      if (!lines.has(endpoint(k, 80))) lines.set(endpoint(k, 80), `-A ${endpoint(k, 80)} -s ${scheduler}`);
      const destination = `-a ${endpoint(k, 80)} -r 192.168.0.${server}:80`;
      if (!lines.has(destination)) lines.set(destination, `${destination} -m -w ${weight}`);
    }
    return [...lines.values()];
  });
  class Counting extends MemoryDirector {
    changes = 0;
    override addService(...args: Parameters<MemoryDirector['addService']>): void {
      this.changes++;
      super.addService(...args);
    }
    override deleteService(...args: Parameters<MemoryDirector['deleteService']>): void {
      this.changes++;
      super.deleteService(...args);
    }
    override addDestination(...args: Parameters<MemoryDirector['addDestination']>): void {
      this.changes++;
      super.addDestination(...args);
    }
    override deleteDestination(...args: Parameters<MemoryDirector['deleteDestination']>): void {
      this.changes++;
      super.deleteDestination(...args);
    }
    override flush(): void {
      assert.fail('nothing is flushed');
    }
  }
  const words = (line: string): string =>
    line
      .split(' ')
      .slice(0, line.startsWith('-A') ? 3 : 5)
      .join(' ');
  await fc.assert(
    fc.asyncProperty(table, table, async (one, other) => {
      const director = new Counting();
      const world = newWorld(director);
      assert.deepEqual(await restoreScript([], world, one.join('\n')), { status: 0, stderr: '' });
      director.changes = 0;
      assert.deepEqual(await restoreScript([], world, other.join('\n') || '-C'), { status: 0, stderr: '' });
      assert.deepEqual((await saved(world)).split('\n').slice(0, -1).sort(), [...other].sort());
      const [was, is] = [new Set(one.map(words)), new Set(other.map(words))];
      const gone = [...was].filter(
        (line) => !is.has(line) && (line.startsWith('-A') || is.has(line.replace('-a', '-A').replace(/ -r.*/, ''))),
      );
      const come = [...is].filter((line) => !was.has(line));
      assert.equal(director.changes, gone.length + come.length);
    }),
  );
});

test('ipvsadm-restore: lines that are no services come after the table', async () => {
  const director = new MemoryDirector();
  const world = newWorld(director);
  const text = `--set 100 0 0\n${ONE}-Z -t 10.0.0.1:80\n-D -t 10.0.0.1:80\n-A -t 10.0.0.2:80 -s rr\n-Z\n`;
  assert.deepEqual(await restoreScript([], world, text), { status: 0, stderr: '' });
  assert.deepEqual([await saved(world), director.timeouts().tcp], ['-A -t 10.0.0.2:80 -s rr\n', 100]);
  const late = await restoreScript([], world, `${ONE}--stop-daemon master\n`);
  assert.equal(late.status, 255);
  assert.match(late.stderr, /^weir: line 2: .*; nothing was changed\n$/);
  assert.equal(await saved(world), '-A -t 10.0.0.2:80 -s rr\n');
  const early = await restoreScript([], world, '-Z -t 10.0.0.9:80\n');
  assert.deepEqual(early, { status: 255, stderr: 'weir: line 1: No such service; nothing was changed\n' });
});

test('ipvsadm-restore: synchronisation refuses a table with a destination of another family, and goes on', async () => {
  const director = new MemoryDirector({ interfaces: ['eth0'] });
  const world = newWorld(director);
  const other = '-A -t 10.0.0.9:80 -s rr\n-a -t 10.0.0.9:80 -r 2001:db8::9 -i\n';
  const refused = (line: number) => ({
    status: 255,
    stderr: `weir: line ${line}: Invalid operation.  Possibly wrong module version, address not unicast, ...; nothing was changed\n`,
  });
  assert.deepEqual(await restoreScript([], world, `${other}--start-daemon master\n`), refused(3));
  assert.deepEqual([director.services(), director.daemons()], [[], []]);
  assert.deepEqual(await restoreScript([], world, `${ONE}--start-daemon master\n`), { status: 0, stderr: '' });
  assert.deepEqual(await restoreScript([], world, other), refused(2));
  assert.deepEqual([await saved(world), director.daemons().length], [ONE, 1]);
});

/** The words of each line of a text that came in these chunks. */
function linesOf(chunks: readonly Uint8Array[]): string[][] {
  const lines = new RestoreLines();
  const read = chunks.flatMap((chunk) => [...lines.push(chunk)]);
  const last = lines.end();
  return [...read, ...(last === undefined ? [] : [last])].map(({ words }) => [...words]);
}

test('how the text is cut into chunks makes no difference', () => {
  const piece = fc.oneof(fc.constantFrom(' ', '\t', '\r', '\n', '-A', 'é', '\0', 'ipvsadm'), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(40)), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''));
      const edges = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
      assert.deepEqual(linesOf(chunks), linesOf([bytes]));
    }),
  );
});

test('words are cut at 4095 characters and at a zero byte', () => {
  const [words] = linesOf([Buffer.from(`-s ${'a'.repeat(5000)} b\0c d\n`)]);
  assert.deepEqual(
    words?.map((word) => word.length),
    [2, 4095, 905, 1, 1],
  );
});

test('a line without an end is refused, not held', async () => {
  const megabyte = Buffer.alloc(1 << 20, 'x');
  let given = 0;
  const io = memoryIo();
  io.read = () => (given++ < 100 ? megabyte : undefined);
  assert.equal(await runIpvsadm(['-R'], io, newWorld()), 2);
  assert.equal(io.stderr, 'weir: line 1 is longer than 1048576 bytes\n');
  assert.ok(given < 4);
  assert.throws(
    () => [...new RestoreLines().push(Buffer.alloc((1 << 20) + 1))],
    (error) => isWeirError(error, 'restore-line-long'),
  );
});
