// weir run with a weir.yaml: the proxy is a process of the daemon, killed ones come back, a reload is followed, and a faulty file changes nothing.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../../src/sys/addon.js';
import { get, namedServer } from '../layer7/running-proxy.js';
import { ownPidFiles } from '../support/own-pid-files.js';
import { root } from '../support/project.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-run-'));
const path = (name: string): string => join(folder, name);
const servers = await Promise.all(['a', 'b'].map(namedServer));
after(() => {
  for (const { server } of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

let output = '';

/** The daemon and its processes run as on Node 18. */
const env = { ...process.env, NODE_OPTIONS: `--require=${join(root, 'test/support/as-node-18.cjs')}` };

/** Waits until the log matches behind a place. */
async function logged(child: ChildProcess, pattern: RegExp, from = 0): Promise<RegExpExecArray> {
  for (;;) {
    const found = pattern.exec(output.slice(from));
    if (found !== null) return found;
    if (child.exitCode !== null) throw new Error(`weir run ended: ${output}`);
    await sleep(50);
  }
}

test('the proxy is a process of the daemon', { timeout: 60_000 }, async (context) => {
  const { server, port } = await namedServer('none');
  server.close();
  const write = (one: { readonly port: number }): void =>
    writeFileSync(
      path('weir.yaml'),
      `layer7:\n  listeners: {web: 127.0.0.1:${port}}\n  pools: {web: {servers: [127.0.0.1:${one.port}]}}\n  hosts: [{locations: [{location: /, pool: web}]}]\n`,
    );
  writeFileSync(path('keepalived.conf'), 'global_defs {\n  router_id weir_run_test\n}\n');
  write(servers[0]!);
  const args = ['run', '--weir-config', path('weir.yaml'), '-f', path('keepalived.conf'), '-n', '-l', '-D', ...ownPidFiles(folder)];
  const child = spawn(process.execPath, [join(root, 'dist/weir.cjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  context.after(() => child.kill());
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => (output += piece.toString('latin1')));
  await logged(child, /serves 127\.0\.0\.1:\d+ with/);
  assert.match(output, /Command line: 'weir' 'run' '--weir-config' '/, 'the command that was typed');
  assert.match((await get(port)).text, /^a /);
  const another = spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), ...args.filter((word) => word !== '-l')], {
    encoding: 'latin1',
  });
  const taken = `/p.pid is that of process ${child.pid}: one beside it needs pid files of its own (-p, -r, -c, -b)`;
  assert.ok(another.stderr.includes(taken), another.stderr);
  assert.notEqual(another.status, 0);
  write(servers[1]!);
  child.kill('SIGHUP');
  await logged(child, /the new configuration is in effect/);
  assert.match((await get(port)).text, /^b /);
  const before = output.length;
  writeFileSync(path('weir.yaml'), 'layer7: {}\n');
  child.kill('SIGHUP');
  await logged(child, /weir\.yaml:1:\d+: listeners is missing/, before);
  assert.match((await get(port)).text, /^b /);
  const [, pid] = await logged(child, /Starting Proxy child process, pid=(\d+)/);
  process.kill(Number(pid), 'SIGKILL');
  await logged(child, /serves 127\.0\.0\.1:\d+ with/, before);
  child.kill('SIGTERM');
  await once(child, 'exit');
  assert.equal(child.exitCode, 0);
});

/** Some process listens all the time. A connection that waited in the queue of the one before may be reset. */
async function portOpenFor(port: number, ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const code = await get(port, '/always').then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );
    assert.notEqual(code, 'ECONNREFUSED');
  }
}

test('a weir.yaml alone: its access log, and an engine in place of the proxy by a reload', { timeout: 60_000 }, async (context) => {
  const { server, port } = await namedServer('none');
  server.close();
  const file = path('alone.yaml');
  const write = (keys: string): void =>
    writeFileSync(
      file,
      `layer7:\n  ${keys}\n  access_log: ${path('access.log')}\n  listeners: {web: 127.0.0.1:${port}}\n  pools: {web: {servers: [127.0.0.1:${servers[0]!.port}]}}\n  hosts: [{locations: [{location: /, pool: web}]}]\n`,
    );
  write('engine: proxy');
  output = '';
  // where there is no keepalived.conf, and no other engine's files
  const place = 'mount -t tmpfs none /etc/keepalived && mkdir -p /run/weir/haproxy && mount -t tmpfs none /run/weir/haproxy && exec "$@"';
  const weir = [process.execPath, join(root, 'dist/weir.cjs'), 'run', '--weir-config', file, '-n', '-l', '-D', ...ownPidFiles(folder, '2')];
  const child = spawn('unshare', ['-m', 'sh', '-c', place, 'sh', ...weir], { stdio: ['ignore', 'pipe', 'pipe'], env });
  context.after(() => child.kill());
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => (output += piece.toString('latin1')));
  await logged(child, /serves 127\.0\.0\.1:\d+ with/);
  assert.deepEqual(output.match(/(?<=Configuration file ).*/g), [file]);
  assert.deepEqual(output.match(/(?<=Opening file ').*(?='\.)/g), [file]);
  assert.match(
    spawnSync(process.execPath, [join(root, 'dist/weir.cjs'), 'run', '--help'], { encoding: 'latin1' }).stderr,
    /--weir-config FILE.*(\n.*)*--use-file=FILE/,
  );
  assert.match((await get(port, '/by-proxy')).text, /^a /);
  write('engine: haproxy');
  child.kill('SIGHUP');
  await logged(child, new RegExp(`runs haproxy \\(\\d+\\) with /run/weir/haproxy/${native().netnsCookie()}/haproxy.cfg`));
  const lines = (): string => readFileSync(path('access.log'), 'latin1');
  while (!/"GET \/by-proxy HTTP\/1\.1" 200 .*"done"$/m.test(lines())) await sleep(50);
  // old processes of the proxy may take a connection until they are gone
  while (!/"GET \/by-haproxy HTTP\/1\.1" 200 .*"--"$/m.test(lines())) {
    assert.match((await get(port, '/by-haproxy').catch(() => ({ text: 'a ' }))).text, /^a /);
    await sleep(200);
  }
  for (const [engine, line] of [
    ['nginx', /runs nginx \(\d+\)/],
    ['proxy', /serves 127\.0\.0\.1:\d+ with/],
    ['haproxy', /runs haproxy \(\d+\)/],
  ] as const) {
    const changed = output.length;
    write(`engine: ${engine}`);
    child.kill('SIGHUP');
    await Promise.all([logged(child, line, changed), portOpenFor(port, 3000)]);
  }
  assert.doesNotMatch(output, /cannot listen/);
  const before = output.length;
  write('engine: haproxy\n  client_max_body_size: 7m');
  child.kill('SIGHUP');
  await logged(child, /stays in effect: the engine does not have 1 of the things/, before);
  assert.match((await get(port)).text, /^a /);
  child.kill('SIGTERM');
  await once(child, 'exit');
  assert.equal(child.exitCode, 0);
});
