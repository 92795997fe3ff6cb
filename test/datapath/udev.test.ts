// udev itself, in a network namespace of the test: a new interface is covered with no process of weir's alive, also when it is made again;
// and where weir is not loaded the rule loads nothing. udevd has a /run of its own there, with the rule that loading weir writes.
// The rule's other form, by systemd-run, needs systemd as process 1 and is not tried here.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { udevRuleText } from '../../src/datapath/ebpf/load/udev-rule.js';
import type { Status } from '../../src/report/status/status.js';
import { commandPath, shippedText } from '../../src/sys/files/shipped.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, notWorking, probe } from '../support/probes.js';

const noSystemd = probe('no-systemd', !existsSync('/run/systemd/system'), 'where systemd runs, the rule uses systemd-run');
const skip = noNamespaces() || noTools('bash') || notWorking('udev', 'udevadm', '--version') || noSystemd;
const PATIENCE_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'weir-udev-'));
const bed = new Bed();
after(async () => {
  bed.close();
  await rm(folder, { recursive: true, force: true });
});

/** udevd in this host, from when it is ready to the end of the test. */
async function startUdev(host: Host): Promise<void> {
  const rule = join(folder, `${host.name}.rules`);
  const text = udevRuleText(shippedText('share/udev/90-weir.rules'), commandPath('weir'));
  // The hosts of a test have one /run/weir, where elsewhere one udevd has it: a command for one must not do for the other.
  writeFileSync(rule, text.replaceAll('/run/weir/cover', '/run/cover'));
  // weir's folder stays what it is: the rule looks at it.
  const script = `mkdir -p "$1" && mount --rbind /run/weir "$1" && mount -t tmpfs none /run && mkdir -p /run/weir /run/udev/rules.d &&
    mount --rbind "$1" /run/weir && cp "$2" /run/udev/rules.d/90-weir.rules &&
    bash -c 'exec -a systemd-udevd "$(command -v udevadm)"' & udevd=$!
    trap 'kill $udevd' TERM; for i in $(seq 600); do [ -e /run/udev/control ] && break; sleep 0.1; done; echo ready; wait; wait`;
  const argv = ['netns', 'exec', host.namespace, 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'];
  const child = spawn('ip', [...argv, join(folder, 'weir'), rule], { stdio: ['ignore', 'pipe', 'inherit'] });
  bed.atEnd(() => void child.kill('SIGTERM'));
  const [first] = await Promise.race([
    new Promise<[unknown]>((done) => child.stdout.once('data', (data) => done([data]))),
    new Promise<[undefined]>((done) => child.once('exit', () => done([undefined]))),
  ]);
  assert.notEqual(first, undefined, 'udevd runs');
}

const status = (host: Host): Status['datapath'] => (JSON.parse(host.weir('status --json').stdout) as Status).datapath;
const isCovered = (host: Host, name: string): boolean => status(host).interfaces.some((one) => one.name === name && one.tc);

async function untilCovered(host: Host, name: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!isCovered(host, name)) {
    assert.ok(Date.now() < end, `${name} is not covered`);
    await pause(200);
  }
}

test('udev covers an interface that comes later, or comes again, and loads nothing where weir is not loaded', { skip }, async () => {
  const [loaded, bare] = [bed.host('loaded'), bed.host('bare')];
  assert.equal(loaded.weir('load').status, 0);
  bed.atEnd(() => void loaded.weir('unload'));
  for (const host of [loaded, bare]) await startUdev(host);
  for (const host of [bare, loaded]) host.ip('link add late0 type veth peer name late1');
  for (const name of ['late0', 'late1']) await untilCovered(loaded, name);
  loaded.ip('link del late0');
  loaded.ip('link add late0 type bridge');
  await untilCovered(loaded, 'late0');
  assert.equal(status(bare).state, 'absent');
  assert.equal(bare.run(['ip', 'link', 'show', 'weir0']).status, 1);
});
