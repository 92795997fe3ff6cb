// The sections of docs/migrate.md on installation, DR, keepalived, persistence, saving and watching.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { RunningDaemon } from '../support/running-daemon.js';
import { sectionNamed } from './migrate-page.js';
import { macAt, macOf, prepare, procedure, startWebs, VIP } from './procedure.js';

procedure('installation', 'one switch', async (at) => {
  await at.follow(sectionNamed('Installation'));
  for (const name of ['weir', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore']) assert.ok(existsSync(at.at(`usr/local/sbin/${name}`)));
  assert.match(at.type(at.director, 'weir status'), /1,?048,?576|2\^20/);
});

procedure('DR in the words of weir', 'one switch', async (at) => {
  await startWebs(at);
  const [servers = '', director = ''] = sectionNamed('DR').blocks;
  for (const host of at.servers) for (const line of servers.trim().split('\n')) at.type(host, line);
  for (const line of director.trim().split('\n')) at.type(at.director, line);
  assert.deepEqual(at.names(4), ['web1', 'web1', 'web2', 'web2']);
  assert.equal(macAt(at), macOf(at.director));
});

procedure('persistence', 'one switch', async (at) => {
  const stays = (...ports: readonly number[]) => {
    const names = ports.flatMap((port) => at.names(2, `http://${VIP}:${port}/`));
    assert.equal(names.length, 2 * ports.length);
    assert.equal(new Set(names).size, 1, names.join(' '));
  };
  await startWebs(at, 80, 443);
  prepare(at);
  await at.follow(sectionNamed('Persistence'), {
    [`ipvsadm -a -t ${VIP}:80 -r 192.168.88.200 -g`]: () => stays(80),
    [`ipvsadm -E -t ${VIP}:80 -s rr -p 600 -M 255.255.255.0`]: () => {
      stays(80);
      assert.match(at.type(at.director, 'ipvsadm -Ln'), /rr persistent 600 mask 255\.255\.255\.0/);
    },
    [`ipvsadm -a -t ${VIP}:0 -r 192.168.88.200 -g`]: () => stays(80, 443),
    'sysctl -w net.ipv4.ip_forward=1': () => stays(80, 443),
  });
  assert.match(at.type(at.director, 'ipvsadm -Lcn'), /^IP .* ASSURED .* 0\.0\.0\.6:0 /m);
});

procedure('saving and restoring', 'one switch', async (at) => {
  const service = `-A -t ${VIP}:80 -s rr -p 600\n-a -t ${VIP}:80 -r 192.168.88.100:80 -g -w 3\n`;
  at.type(at.director, `printf -- '${service}' | ipvsadm -R`);
  const table = (): string => at.type(at.director, 'ipvsadm -Sn');
  const written = (file: string) => () => assert.equal(readFileSync(at.at(file), 'utf8'), service);
  at.type(at.director, 'bin/weir install');
  await at.follow(sectionNamed('Saving and restoring'), {
    'ipvsadm -S -n > /etc/sysconfig/ipvsadm': written('etc/sysconfig/ipvsadm'),
    'ipvsadm-save -n > /etc/ipvsadm.rules': written('etc/ipvsadm.rules'),
    'ipvsadm -C': () => assert.equal(table(), ''),
    'ipvsadm --clear': () => assert.equal(table(), ''),
    'ipvsadm-restore < /etc/ipvsadm.rules': () => assert.equal(table(), service),
    'ipvsadm -R < /etc/ipvsadm.rules': () => assert.equal(table(), service),
  });
  assert.equal(table(), service);
});

procedure('watching', 'one switch', async (at) => {
  await startWebs(at);
  prepare(at);
  at.type(at.director, `weir vip add ${VIP} --dev eth0`);
  for (const line of [`-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 192.168.88.100 -g`]) at.type(at.director, `ipvsadm ${line}`);
  assert.deepEqual(at.names(1), ['web1']);
  await at.follow(sectionNamed('Watching'), {
    'weir proc ip_vs': (host) => assert.match(at.type(host, 'weir proc ip_vs'), /^TCP {2}C0A8580F:0050 rr/m),
    'weir proc ip_vs_conn': (host) => assert.match(at.type(host, 'weir proc ip_vs_conn'), /^TCP C0A8580A /m),
  });
  assert.match(at.type(at.director, 'ipvsadm -L --timeout'), /900 120 300/);
  assert.equal(at.type(at.director, 'weir sysctl -n net.ipv4.vs.expire_nodest_conn').trim(), '1');
});

procedure('DR', 'one switch', async (at) => {
  await startWebs(at);
  await at.follow(sectionNamed('DR'));
  assert.deepEqual(at.names(4), ['web1', 'web1', 'web2', 'web2']);
  assert.equal(macAt(at), macOf(at.director));
  for (const host of at.servers) at.type(host, 'weir realserver status');
});

procedure('keepalived', 'one switch', async (at) => {
  const section = sectionNamed('keepalived');
  const file = at.at('etc/keepalived/keepalived.conf');
  writeFileSync(file, section.blocks[0] ?? '');
  await startWebs(at);
  prepare(at);
  const table = (): string => at.type(at.director, 'ipvsadm -Ln');
  await at.follow(section, {
    'systemctl enable --now keepalived': async () => {
      const pids = ['p', 'r', 'c', 'b'].flatMap((letter) => [`-${letter}`, at.at(letter)]);
      const argv = ['ip', 'netns', 'exec', at.director.namespace, 'bin/keepalived', '-n', '-l', '-D', '-G', '-f', file, ...pids];
      const daemon = new RunningDaemon(argv);
      at.bed.atEnd(() => {
        if (existsSync(`/proc/${daemon.pid}`)) daemon.signal('SIGKILL');
      });
      await daemon.until('the VIP is here', () => at.director.ip('-o addr show').includes(` ${VIP}/32 `));
      await daemon.until('both servers serve', () => /\.100:80 .*\n.*\.200:80 /.test(table()));
    },
  });
  assert.match(table(), /^TCP {2}192\.168\.88\.15:80 rr persistent 50$/m);
  assert.equal(new Set(at.names(4)).size, 1);
});
