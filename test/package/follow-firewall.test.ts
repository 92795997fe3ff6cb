// share/systemd/follow-firewall and the units around it: what they run where, with stand-ins of systemctl and weir, and whether systemd takes them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { noTools } from '../support/probes.js';
import { read } from '../support/project.js';

let root = '';
const at = (path: string): string => join(root, path);
const put = (path: string, text: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
};

/** A command that writes down how it was called. */
function standIn(path: string, answer = ''): void {
  put(path, `#!/bin/sh\necho "\${0##*/} $*" >>'${root}/calls'\n[ "$1" != is-system-running ] || echo '${answer}'\n`);
  chmodSync(at(path), 0o755);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-follow-'));
  standIn('sbin/weir');
  put(
    'follow',
    read('share/systemd/follow-firewall')
      .replaceAll(/\/(run|usr\/local\/sbin)\//g, (_, path) => at(`${path}/`))
      .replaceAll('usr/local/sbin', 'sbin'),
  );
});
afterEach(() => rmSync(root, { recursive: true }));

/** The calls of systemctl and weir. */
function follow(state = 'running'): readonly string[] {
  standIn('bin/systemctl', state);
  const { status, stderr } = spawnSync('sh', [at('follow')], { encoding: 'utf8', env: { PATH: `${at('bin')}:/usr/bin:/bin` } });
  assert.deepEqual([status, stderr], [0, '']);
  return existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trim().split('\n') : [];
}

test('where weir is not loaded, nothing is run', () => {
  assert.deepEqual(follow(), []);
});

test('with systemd the unit is started beside the caller, also while it runs; at shutdown it is not', () => {
  for (const folder of ['run/weir/bpf', 'run/systemd/system']) mkdirSync(at(folder), { recursive: true });
  assert.deepEqual(follow(), ['systemctl is-system-running', 'systemctl --no-block restart weir-firewall.service']);
  rmSync(at('calls'));
  assert.deepEqual(follow('stopping'), ['systemctl is-system-running']);
});

test('without systemd the command itself is run', () => {
  mkdirSync(at('run/weir/bpf'), { recursive: true });
  assert.deepEqual(follow(), ['weir load --if-loaded']);
});

/** As `weir install` puts them; what they run is there. */
function putUnits(): void {
  const inPlace = (text: string): string => text.replaceAll('/usr/local/sbin/weir', '/bin/true').replaceAll(/^Documentation=.*\n/gm, '');
  put('units/weir-firewall.service', inPlace(read('share/systemd/weir-firewall.service')));
  for (const [service, file] of [
    ['nftables', 'follow-nftables'],
    ['firewalld', 'follow-firewall'],
  ] as const) {
    put(
      `units/${service}.service`,
      '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecReload=/bin/true\nProtectHome=true\n',
    );
    put(`units/${service}.service.d/weir.conf`, read(`share/systemd/${file}.conf`));
  }
}

test('systemd takes the unit and the drop-ins', { skip: noTools('systemd-analyze') }, () => {
  putUnits();
  const verify = (unit: string): string => {
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${at('units')}:` };
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', at(`units/${unit}`)], { encoding: 'utf8', env });
    return `${status} ${stdout}${stderr}`;
  };
  const units = readdirSync(at('units')).filter((name) => name.endsWith('.service'));
  assert.deepEqual(
    units.map((unit) => [unit, verify(unit)]),
    units.map((unit) => [unit, '0 ']),
  );
  // What is wrong in a drop-in is seen.
  put('units/nftables.service.d/weir.conf', '[Service]\nExecStartPost=-?/bin/sh\n');
  assert.match(verify('nftables.service'), /weir\.conf:2/);
});

test('every drop-in names what is installed, and what it starts is ordered behind the service', () => {
  for (const file of ['follow-nftables', 'follow-firewall']) {
    const lines = read(`share/systemd/${file}.conf`)
      .split('\n')
      .filter((line) => line.startsWith('Exec'));
    assert.ok(lines.every((line) => line.endsWith('=-+/bin/sh /usr/local/lib/weir/follow-firewall')));
    assert.equal(
      lines.some((line) => line.startsWith('ExecReload')),
      file === 'follow-nftables',
      'others are reloaded by no unit',
    );
  }
  assert.match(
    read('share/systemd/weir-firewall.service'),
    /^After=nftables\.service netfilter-persistent\.service iptables\.service ip6tables\.service firewalld\.service ufw\.service$/m,
  );
});
