import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { ip } from '../../../test/support/doctor-facts.js';
import { emptyConfiguration, emptyGlobal } from '../../../test/support/keepalived-configuration.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { Director } from '../../datapath/director.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { type CheckerOptions, runChecker } from './checker-process.js';

const real = (address: string) => realServer(address, { checkers: [{ check: { kind: 'tcp' }, target: {}, timing: {} as never }] });
const server = (port: number, scheduler = 'wlc'): VirtualServer =>
  virtualServer({
    name: `[192.0.2.1]:tcp:${port}`,
    target: { kind: 'service', key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port } },
    scheduler,
    realServers: [real('10.0.0.1'), real('10.0.0.2')],
  });
const configuration = (servers: readonly VirtualServer[], global: Partial<GlobalSettings> = {}): KeepalivedConfiguration => ({
  ...emptyConfiguration,
  global: { ...emptyGlobal, ...global },
  virtualServers: servers,
});
const table = (director: Director): readonly string[] =>
  director
    .services()
    .map(({ spec, destinations }) => `${spec.key.kind === 'address' ? spec.key.port : ''} ${spec.scheduler} ${destinations.length}`)
    .sort();

function start(servers: readonly VirtualServer[], more: Partial<CheckerOptions> = {}, global: Partial<GlobalSettings> = {}) {
  const director = new MemoryDirector();
  const logged: string[] = [];
  const checker = runChecker({
    configuration: configuration(servers, global),
    log: (_, text) => void logged.push(text),
    keepServers: false,
    open: () => director,
    ...more,
  });
  return { director, logged, checker };
}

test('servers come, follow a reload and go; each checker that is not run is named once', async () => {
  const { director, logged, checker } = start([server(80), server(443)]);
  assert.deepEqual(table(director), ['443 wlc 2', '80 wlc 2']);
  assert.equal(logged.filter((text) => / is not run yet/.test(text)).length, 4);
  checker.reload(configuration([server(80, 'rr')]));
  assert.deepEqual(table(director), ['80 rr 2']);
  assert.equal(logged.filter((text) => / is not run yet/.test(text)).length, 4);
  await checker.stop();
  assert.deepEqual(table(director), []);
});

test('-I leaves them; lvs_flush_on_stop takes everything, lvs_flush at the start, too', async () => {
  const kept = start([server(80)], { keepServers: true });
  await kept.checker.stop();
  assert.deepEqual(table(kept.director), ['80 wlc 2']);
  const foreign = {
    key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.9'), port: 1 },
    scheduler: 'rr',
    schedFlags: 0,
    onePacket: false,
  } as const;
  for (const [global, left] of [
    [{ lvsFlushOnStop: 'all' }, []],
    [{ lvsFlushOnStop: 'virtual-servers' }, ['1 rr 0']],
  ] as const) {
    const { director, checker } = start([server(80)], {}, global);
    director.addService(foreign);
    await checker.stop();
    assert.deepEqual(table(director), left);
  }
  const director = new MemoryDirector();
  director.addService(foreign);
  start([server(80)], { open: () => director }, { lvsFlush: true, lvsTimeouts: { tcp: 100, tcpFin: 0, udp: 7 } });
  assert.deepEqual(table(director), ['80 wlc 2']);
  assert.deepEqual(director.timeouts(), { tcp: 100, tcpFin: 120, udp: 7 });
});

/** A director that has no room for the service at a port as long as `full` answers so. */
function crowded(port: number, full: () => boolean): Director {
  const director = new MemoryDirector();
  const add = director.addService.bind(director);
  director.addService = (spec) => {
    if (full() && spec.key.kind === 'address' && spec.key.port === port) throw new Error('no room');
    add(spec);
  };
  return director;
}

test('a service that is refused holds up no other, is logged once, tried again and taken when it can be', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let full = true;
    const director = crowded(443, () => full);
    const { logged } = start([server(80), server(443)], { open: () => director });
    assert.deepEqual(table(director), ['80 wlc 2']);
    for (let n = 0; n < 10; n++) mock.timers.tick(60_000);
    assert.equal(logged.filter((text) => text === '[192.0.2.1]:tcp:443: no room - trying again').length, 1, logged.join('\n'));
    assert.ok(!logged.includes('Adding virtual server [192.0.2.1]:tcp:443'));
    full = false;
    mock.timers.tick(60_000);
    assert.deepEqual(table(director), ['443 wlc 2', '80 wlc 2']);
    assert.equal(logged.filter((text) => text === 'Adding virtual server [192.0.2.1]:tcp:443').length, 1);
    assert.ok(logged.some((text) => text.startsWith('no longer: [192.0.2.1]:tcp:443')));
  } finally {
    mock.timers.reset();
  }
});

test('what weir does not have yet is reported once and neither tried nor tried again', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let opened = 0;
    const director = new MemoryDirector();
    const open = (): Director => {
      opened += 1;
      return director;
    };
    const persistent = { ...server(443), persistence: { timeout: 300, netmask: 0xffffffff } };
    const { logged } = start([server(80), persistent], { open });
    mock.timers.tick(600_000);
    assert.deepEqual([table(director), opened], [['80 wlc 2'], 1]);
    const about = logged.filter((text) => text.includes('[192.0.2.1]:tcp:443') && !text.includes('TCP_CHECK'));
    assert.deepEqual(about, [
      'virtual server [192.0.2.1]:tcp:443 cannot be served as the configuration states: persistent services (-p) are not there yet',
    ]);
    const alone = start([persistent], {
      open: () => {
        throw new Error('not needed');
      },
    });
    mock.timers.tick(600_000);
    assert.ok(!alone.logged.some((text) => text.includes('not needed')));
  } finally {
    mock.timers.reset();
  }
});

test('a reload to what weir does not have yet leaves a service as it was; a later one removes it', async () => {
  const { director, logged, checker } = start([server(80), server(443)]);
  await checker.reload(configuration([server(80), { ...server(443, 'rr'), persistence: { timeout: 300, netmask: 0xffffffff } }]));
  assert.deepEqual(table(director), ['443 wlc 2', '80 wlc 2']);
  assert.match(logged.at(-1) ?? '', / - what was served before the reload stays as it was$/);
  await checker.reload(configuration([server(80)]));
  assert.deepEqual(table(director), ['80 wlc 2']);
});

test('a datapath that cannot be opened is tried again after 1, 2, 4 … 60 s', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const director = new MemoryDirector();
    let attempts = 0;
    const open = (): Director => {
      attempts += 1;
      if (attempts < 4) throw new Error('no room');
      return director;
    };
    const { logged } = start([server(80)], { open });
    for (const [ms, after] of [
      [1000, 2],
      [1999, 2],
      [1, 3],
      [4000, 4],
    ] as const) {
      mock.timers.tick(ms);
      assert.equal(attempts, after);
    }
    assert.deepEqual(table(director), ['80 wlc 2']);
    assert.equal(logged.filter((text) => text === 'virtual servers cannot be set up: no room - trying again').length, 1);
    assert.ok(logged.includes('no longer: virtual servers cannot be set up: no room'));
  } finally {
    mock.timers.reset();
  }
});

test('while another process has the lock it is tried again every 20 ms, and reported after a second; the end waits for it, too', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const director = new MemoryDirector();
    let [attempts, busy] = [0, true];
    const open = (): Director => {
      attempts += 1;
      // Each time another process.
      if (busy) throw new WeirError('lock-busy', { path: '/lock', holder: attempts, who: `/lock: held by process ${attempts}`, waitMs: 0 });
      return director;
    };
    const { logged } = start([server(80)], { open });
    for (let ms = 0; ms < 960; ms += 20) mock.timers.tick(20);
    const lines = (): readonly string[] => logged.filter((text) => text.includes('virtual servers cannot be set up'));
    assert.deepEqual([attempts, lines()], [49, []]);
    for (let ms = 0; ms < 10_000; ms += 20) mock.timers.tick(20);
    assert.deepEqual([attempts, lines().length], [69, 1]);
    assert.match(lines()[0] ?? '', /^virtual servers cannot be set up: \/lock: held by process 50 - trying again$/);
    busy = false;
    mock.timers.tick(500);
    assert.deepEqual(table(director), ['80 wlc 2']);
    assert.ok(logged.some((text) => text.startsWith('no longer: virtual servers cannot be set up: /lock')));
  } finally {
    mock.timers.reset();
  }
});

test('at the end it waits for the lock without blocking', async () => {
  const director = new MemoryDirector();
  let busy = 0;
  const open = (): Director => {
    busy -= 1;
    if (busy >= 0) throw new WeirError('lock-busy', { path: '/lock', holder: 7, who: '/lock: held by process 7', waitMs: 0 });
    return director;
  };
  const { checker } = start([server(80)], { open });
  busy = 3;
  await checker.stop();
  assert.deepEqual(table(director), []);
});

test('lvs_notify_fifo is there, with its reader, from start to stop', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-lvs-fifo-'));
  try {
    const [path, out] = [join(folder, 'fifo'), join(folder, 'out')];
    const script = { argv: ['/bin/sh', '-c', `echo $$ $0 >${out}; exec sleep 60`], text: 'unused' };
    const { checker } = start([server(80)], {}, { scriptUser: { user: 'root' }, lvsNotifyFifo: { path, script } });
    assert.ok(lstatSync(path).isFIFO());
    const until = async (what: string, condition: () => boolean): Promise<void> => {
      for (let tries = 0; !condition(); tries += 1) {
        assert.ok(tries < 2000, what);
        await new Promise((done) => setTimeout(done, 5));
      }
    };
    const words = (): readonly string[] => (existsSync(out) ? readFileSync(out, 'utf8').trim().split(' ') : []);
    await until('its reader', () => words().length === 2);
    assert.equal(words()[1], path);
    await checker.stop();
    assert.ok(!existsSync(path));
    await until('its end', () => !existsSync(`/proc/${words()[0]}`));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
