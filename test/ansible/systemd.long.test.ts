// The roles on a host whose first process is systemd: services are started and enabled, a check reports what the run does, a second run changes nothing,
// and the saved table and the VIPs come back as at a boot.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noRoot, noTools } from '../support/probes.js';
import { root } from '../support/project.js';
import { withCollectionAsync } from './collection.js';
import { SystemdHost } from './systemd-host.js';

const skip = noRoot() || noTools('ansible-playbook', 'nsenter', 'unshare', 'systemctl', 'nginx');

const KEEPALIVED = `vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1
    virtual_ipaddress {
        192.0.2.9/24
    }
}
`;

const PLAYBOOK = [
  {
    hosts: 'all',
    roles: ['weir', 'web', 'realserver', 'director', 'keepalived'].map((role) => `weir.director.${role}`),
  },
];

const VARIABLES = {
  weir_source: 'checkout',
  weir_checkout: root,
  web_package: '',
  realserver_vips: ['192.0.2.80'],
  director_vips: [{ address: '192.0.2.7/24', interface: 'eth0' }],
  director_document: { services: { 'tcp:192.0.2.7:80': { scheduler: 'rr', servers: ['192.0.2.11:80'] } } },
  director_sysctls: {},
  keepalived_config: KEEPALIVED,
};

const CHANGED = /^lvs1 .* changed=(\d+) +unreachable=0 +failed=0 /m;

test('roles under systemd: checked, run, run again, and as at the next boot', { skip, timeout: 800_000 }, async () => {
  await withCollectionAsync(async (home, env) => {
    const host = await SystemdHost.boot(join(home, 'host'), home);
    try {
      for (const words of [
        'link add eth0 type veth peer name eth1',
        'link set eth1 up',
        'link set eth0 up',
        'addr add 192.0.2.5/24 dev eth0',
      ])
        host.run('ip', ...words.split(' '));
      host.run('sh', '-c', 'echo \'AUTO="false"\' >/etc/default/ipvsadm'); // as Debian's ipvsadm brings it
      const enter = host.enter.join(' ');
      const vars = {
        ...VARIABLES,
        ansible_connection: 'local',
        ansible_remote_tmp: join(home, 'remote'),
        ansible_python_interpreter: `${enter} /usr/bin/python3`,
        ansible_node_interpreter: `${enter} ${process.execPath}`,
      };
      writeFileSync(join(home, 'hosts.yml'), JSON.stringify({ all: { hosts: { lvs1: {} }, vars } }));
      writeFileSync(join(home, 'site.yml'), JSON.stringify(PLAYBOOK));
      const play = (...words: readonly string[]): number => {
        const { stdout, stderr } = spawnSync('ansible-playbook', ['-i', 'hosts.yml', 'site.yml', ...words], {
          cwd: home,
          env,
          encoding: 'utf8',
        });
        const [, changed] = CHANGED.exec(stdout) ?? [];
        assert.ok(changed !== undefined, stdout + stderr);
        return Number(changed);
      };
      assert.ok(play() > 0);
      assert.equal(play(), 0, 'a second run changes nothing');
      for (const unit of ['keepalived', 'nginx']) assert.equal(host.run('systemctl', 'is-active', unit).trim(), 'active');
      for (const unit of ['keepalived', 'nginx', 'ipvsadm']) assert.equal(host.run('systemctl', 'is-enabled', unit).trim(), 'enabled');
      assert.match(host.run('cat', '/etc/sysctl.d/60-weir-director.conf'), /net\.ipv4\.ip_forward/);

      vars.keepalived_config = KEEPALIVED.replace('150', '140');
      vars.director_document.services['tcp:192.0.2.7:80'].servers.push('192.0.2.12:80');
      vars.director_sysctls = { expire_nodest_conn: 1 };
      writeFileSync(join(home, 'hosts.yml'), JSON.stringify({ all: { hosts: { lvs1: {} }, vars } }));
      const checked = play('--check', '--diff');
      assert.doesNotMatch(host.run('ipvsadm', '-Ln'), /192\.0\.2\.12/, 'a check changes nothing');
      assert.equal(play(), checked, 'a check reports as many changes as the run makes');
      assert.match(host.run('ipvsadm', '-Ln'), /192\.0\.2\.12/);
      assert.equal(host.run('systemctl', 'is-active', 'keepalived').trim(), 'active');
      const unit = host.run('systemctl', 'show', 'ipvsadm', '--property', 'ExecStartPre,NeedDaemonReload');
      assert.match(unit, /expire_nodest_conn=1[\s\S]*NeedDaemonReload=no|NeedDaemonReload=no[\s\S]*expire_nodest_conn=1/);

      host.run('weir', 'unload');
      host.run('ip', 'addr', 'del', '192.0.2.7/24', 'dev', 'eth0');
      host.run('systemctl', 'daemon-reload');
      host.run('systemctl', 'restart', 'ipvsadm');
      assert.match(host.run('ipvsadm', '-Ln'), /192\.0\.2\.7:80 rr[\s\S]*192\.0\.2\.12:80/, 'the saved table is restored');
      assert.equal(host.run('weir', 'sysctl', '-n', 'net.ipv4.vs.expire_nodest_conn').trim(), '1', 'and the setting');
      host.try('systemctl', 'stop', 'keepalived');
      host.run('weir', 'unload');
    } finally {
      await host.end();
    }
  });
});
