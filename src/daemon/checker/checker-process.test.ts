import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checker } from '../../../test/support/check-bed.js';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration, emptyGlobal } from '../../../test/support/keepalived-configuration.js';
import { until } from '../../../test/support/until.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { Director } from '../../datapath/director.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { LogLevel } from '../../model/log-level.js';
import type { ForwardingMethod } from '../../model/service.js';
import type { FromChild } from '../process/messages.js';
import { type CheckerOptions, runChecker } from './checker-process.js';

const server = (port: number, method: ForwardingMethod = 'masq'): VirtualServer =>
  virtualServer({
    name: `[192.0.2.1]:tcp:${port}`,
    target: { kind: 'service', key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port } },
    scheduler: 'wlc',
    realServers: [realServer('10.0.0.1', { method }), realServer('10.0.0.2', { method })],
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

const folder = mkdtempSync(join(tmpdir(), 'weir-checker-'));
let files = 0;
after(() => rmSync(folder, { recursive: true }));

function start(servers: readonly VirtualServer[], more: Partial<CheckerOptions> = {}, global: Partial<GlobalSettings> = {}) {
  files += 1;
  const director = new MemoryDirector();
  const logged: string[] = [];
  const checker = runChecker({
    configuration: configuration(servers, global),
    log: (_, text) => void logged.push(text),
    keepServers: false,
    healthFile: join(folder, `health${files}`),
    open: () => director,
    ...more,
  });
  return { director, logged, checker };
}

test('servers come, follow a reload and go', async () => {
  const { director, checker } = start([server(80), server(443)]);
  assert.deepEqual(table(director), ['443 wlc 2', '80 wlc 2']);
  checker.reload(configuration([{ ...server(80), scheduler: 'rr' }]));
  assert.deepEqual(table(director), ['80 rr 2']);
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
  const flushed = start([server(80)], { open: () => director }, { lvsFlush: true, lvsTimeouts: { tcp: 100, tcpFin: 0, udp: 7 } });
  assert.deepEqual(table(director), ['80 wlc 2']);
  assert.deepEqual(director.timeouts(), { tcp: 100, tcpFin: 120, udp: 7 });
  await flushed.checker.stop();
  assert.deepEqual(director.timeouts(), { tcp: 900, tcpFin: 120, udp: 300 }, 'at the end, and without the line, they are as before');
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

test('a service that is refused holds up no other, is logged once, tried again and taken when it can be', async () => {
  let full = true;
  const director = crowded(443, () => full);
  const { logged, checker } = start([server(80), server(443)], { open: () => director });
  assert.deepEqual(table(director), ['80 wlc 2']);
  assert.ok(!logged.includes('Adding virtual server [192.0.2.1]:tcp:443'));
  full = false;
  await until(() => table(director).length === 2, 'the service');
  assert.equal(logged.filter((text) => text === '[192.0.2.1]:tcp:443: no room - trying again').length, 1, logged.join('\n'));
  assert.equal(logged.filter((text) => text === 'Adding virtual server [192.0.2.1]:tcp:443').length, 1);
  assert.ok(logged.some((text) => text.startsWith('no longer: [192.0.2.1]:tcp:443')));
  await checker.stop();
});

test('a virtual server is served with servers behind tunnels', async () => {
  const mixed = { ...server(80), realServers: [realServer('10.0.0.1'), realServer('10.0.0.2', { method: 'tunnel' })] };
  const { director, logged, checker } = start([mixed]);
  assert.deepEqual(table(director), ['80 wlc 2']);
  await checker.reload(configuration([mixed, server(443, 'tunnel')]));
  assert.deepEqual(table(director), ['443 wlc 2', '80 wlc 2']);
  assert.ok(!logged.some((text) => text.includes(' is served without ')));
  await checker.stop();
});

test('while a synchronisation daemon runs, a server of another family than its service is refused', async () => {
  const director = new MemoryDirector({ interfaces: ['eth1'] });
  director.startDaemon({ role: 'backup', interface: 'eth1', syncId: 0 });
  const mixed = { ...server(443), realServers: [realServer('2001:db8::1', { method: 'tunnel' })] };
  const { logged, checker } = start([server(80), mixed], { open: () => director });
  assert.deepEqual(table(director), ['80 wlc 2']);
  assert.ok(logged.some((text) => /tcp:443: connections to a destination of another address family .* - trying again$/.test(text)));
  await checker.stop();
});

/** A director that counts what is written to it, by kinds. */
function counting(): { readonly director: MemoryDirector; readonly taken: () => readonly string[] } {
  const director = new MemoryDirector();
  const writes: string[] = [];
  const names = ['addService', 'editService', 'deleteService', 'addDestination', 'editDestination', 'deleteDestination'] as const;
  for (const name of [...names, 'flush', 'setTimeouts', 'zero', 'setSysctl'] as const) {
    const write = director[name].bind(director) as (...args: readonly unknown[]) => void;
    Object.assign(director, {
      [name]: (...args: readonly unknown[]) => {
        writes.push(name);
        write(...args);
      },
    });
  }
  return { director, taken: () => writes.splice(0) };
}

test('a reload writes what differs and no more: one server of a thousand services is one write, none is none', async () => {
  const { director, taken } = counting();
  const servers = Array.from({ length: 1000 }, (_, port) => server(port + 1));
  const timeouts = { lvsTimeouts: { tcp: 100, tcpFin: 0, udp: 7 } };
  const { checker } = start(servers, { open: () => director }, timeouts);
  assert.deepEqual(new Set(taken()), new Set(['setTimeouts', 'addService', 'addDestination']));
  await checker.reload(configuration(servers, timeouts));
  assert.deepEqual(taken(), []);
  const reals = (weight: number) => [realServer('10.0.0.1', { weight }), realServer('10.0.0.2')];
  const changed = (more: Partial<VirtualServer>) => servers.map((one, index) => (index === 500 ? { ...one, ...more } : one));
  await checker.reload(configuration(changed({ realServers: reals(5) }), timeouts));
  assert.deepEqual(taken(), ['editDestination']);
  await checker.reload(configuration(changed({ realServers: reals(5).slice(0, 1) }), timeouts));
  assert.deepEqual(taken(), ['deleteDestination']);
  await checker.reload(configuration(changed({ realServers: reals(5).slice(0, 1), scheduler: 'rr' }), timeouts));
  assert.deepEqual(taken(), ['editService']);
  await checker.stop();
});

test('without lvs_timeouts a reload restores the timeouts of before, once; so does the end', async () => {
  const { director, taken } = counting();
  const before = director.timeouts();
  const timeouts = { lvsTimeouts: { tcp: 100, tcpFin: 0, udp: 7 } };
  const { checker } = start([server(80)], { open: () => director }, timeouts);
  assert.deepEqual(director.timeouts(), { ...before, tcp: 100, udp: 7 });
  await checker.reload(configuration([server(80)]));
  assert.deepEqual(director.timeouts(), before);
  const byHand = { ...before, tcp: 300 };
  director.setTimeouts(byHand);
  taken();
  await checker.reload(configuration([server(80)]));
  assert.deepEqual(taken(), []);
  await checker.reload(configuration([server(80)], timeouts));
  assert.deepEqual(director.timeouts(), { ...before, tcp: 100, udp: 7 });
  await checker.stop();
  assert.deepEqual(director.timeouts(), byHand);
});

test('a reload puts right what was changed by hand; services that are not of the file stay', async () => {
  const { director, taken } = counting();
  const { checker } = start([server(80), server(443)], { open: () => director });
  const [web, tls, other] = [server(80), server(443), server(9)].map(({ target }) =>
    target.kind === 'service' ? target.key : assert.fail(),
  );
  assert.ok(web !== undefined && tls !== undefined && other !== undefined);
  director.addService({ key: other, scheduler: 'rr', schedFlags: 0, onePacket: false });
  director.deleteService(tls);
  director.editService({ key: web, scheduler: 'rr', schedFlags: 0, onePacket: false });
  const [first, second] = director.service(web).destinations.map(({ spec }) => spec);
  assert.ok(first !== undefined && second !== undefined);
  director.editDestination(web, { ...first, weight: 0 });
  director.deleteDestination(web, second);
  director.addDestination(web, { ...first, address: ip('10.9.9.9') });
  taken();
  await checker.reload(configuration([server(80), server(443)]));
  assert.deepEqual(table(director), ['443 wlc 2', '80 wlc 2', '9 rr 0']);
  assert.deepEqual(
    director.service(web).destinations.map(({ spec: { address, weight } }) => [address.words, weight]),
    [
      [second.address.words, 1],
      [first.address.words, 1],
    ],
  );
  assert.deepEqual([...taken()].sort(), [
    'addDestination',
    'addDestination',
    'addDestination',
    'addService',
    'deleteDestination',
    'editDestination',
    'editService',
  ]);
  await checker.stop();
  assert.deepEqual(table(director), ['9 rr 0']);
});

test('a datapath that cannot be opened is tried again', async () => {
  const director = new MemoryDirector();
  let attempts = 0;
  const open = (): Director => {
    attempts += 1;
    if (attempts < 2) throw new Error('no room');
    return director;
  };
  const { logged, checker } = start([server(80)], { open });
  await until(() => table(director).length === 1, 'the service');
  assert.equal(logged.filter((text) => text === 'virtual servers cannot be set up: no room - trying again').length, 1);
  assert.ok(logged.includes('no longer: virtual servers cannot be set up: no room'));
  await checker.stop();
});

test('while another process has the lock it is tried again until it is free', async () => {
  const director = new MemoryDirector();
  let attempts = 0;
  const open = (): Director => {
    attempts += 1;
    // Each time another process.
    if (attempts < 5)
      throw new WeirError('lock-busy', { path: '/lock', holder: attempts, who: `/lock: held by process ${attempts}`, waitMs: 0 });
    return director;
  };
  const { logged, checker } = start([server(80)], { open });
  assert.deepEqual(table(director), []);
  await until(() => table(director).length === 1, 'the service');
  assert.ok(!logged.some((text) => text.includes('cannot be set up')), 'a short wait is no news');
  await checker.stop();
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
    const words = (): readonly string[] => (existsSync(out) ? readFileSync(out, 'utf8').trim().split(' ') : []);
    await until(() => words().length === 2, 'its reader');
    assert.equal(words()[1], path);
    await checker.stop();
    assert.ok(!existsSync(path));
    await until(() => !existsSync(`/proc/${words()[0]}`), 'its end');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('servers are checked: what fails goes, what answers comes, scripts run, and the next process knows', async () => {
  const [up, down] = [createServer(), createServer()];
  const listen = (one: Server, port: number): Promise<void> => new Promise((done) => one.listen(port, '127.0.0.1', done));
  await listen(up, 0);
  await listen(down, 0);
  const port = (down.address() as AddressInfo).port;
  const close = (one: Server): Promise<unknown> => new Promise((done) => one.close(done));
  await close(down);
  const out = join(folder, 'scripts');
  const check = checker({ kind: 'tcp' }, { delayLoopUs: 50_000, delayBeforeRetryUs: 10_000 });
  const script = (word: string) => ({ argv: ['/bin/sh', '-c', `echo ${word} >> ${out}`], text: word, runAs: { user: 'root' } });
  const checked = [(up.address() as AddressInfo).port, port].map((one) =>
    realServer('127.0.0.1', { port: one, checkers: [check], notifyUp: script('up'), notifyDown: script('down') }),
  );
  const healthFile = join(folder, 'health');
  const lines: string[] = [];
  const mails: FromChild[] = [];
  const more = {
    healthFile,
    send: (message: FromChild) => void mails.push(message),
    log: (_: LogLevel, text: string) => void lines.push(text),
  };
  const first = start([virtualServer({ realServers: checked })], more);
  try {
    assert.deepEqual(table(first.director), ['80 wlc 2']);
    await until(() => table(first.director).includes('80 wlc 1'), 'the dead one goes');
    assert.ok(lines.includes(`TCP_CHECK on service [127.0.0.1]:tcp:${port} failed.`));
    assert.deepEqual(mails[0], {
      kind: 'mail',
      type: 'SERVER',
      subject: `Realserver [127.0.0.1]:tcp:${port} of virtual server [192.0.2.1]:tcp:80 - DOWN`,
      text: 'TCP CHECK failed on service',
      detail: 'TCP_CHECK: failed (connection refused)',
    });
    await until(() => existsSync(healthFile) && /"up":false/.test(readFileSync(healthFile, 'utf8')), 'what is kept');
    const second = start([virtualServer({ realServers: checked })], { ...more, healthFile });
    assert.deepEqual(table(second.director), ['80 wlc 1'], 'the next process begins where this one is');
    await second.checker.stop();
    await listen(down, port);
    await until(() => table(first.director).includes('80 wlc 2'), 'it comes back');
    await until(() => existsSync(out) && /down\nup/.test(readFileSync(out, 'utf8')), 'the scripts');
  } finally {
    await first.checker.stop();
    await close(up);
    if (down.listening) await close(down);
  }
  assert.deepEqual(table(first.director), []);
});
