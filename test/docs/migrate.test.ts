// Every line of docs/migrate.md that is to be typed is typed, in network namespaces, and the servers answer as the page promises.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { RunningDaemon } from '../support/running-daemon.js';
import { CHINESE, ENGLISH, sectionNamed, sectionsOf } from './migrate-page.js';
import { macAt, macOf, prepare, procedure, startWebs, VIP } from './procedure.js';

test('the Chinese page has the same lines, with the same verdicts', () => {
  const lines = (sections: typeof english) => sections.map(({ parts }) => parts);
  const english = sectionsOf(ENGLISH);
  assert.ok(english.flatMap(({ parts }) => parts.flatMap(({ rows }) => rows)).length > 80);
  assert.deepEqual(lines(sectionsOf(CHINESE)), lines(english));
});

procedure('installation', 'one switch', async (at) => {
  await at.follow(sectionNamed('Installation'));
  for (const name of ['weir', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore']) assert.ok(existsSync(at.at(`usr/local/sbin/${name}`)));
  assert.match(at.type(at.director, 'weir status'), /1,?048,?576|2\^20/);
});

procedure('NAT', 'nat', async (at) => {
  await startWebs(at);
  await at.web(at.client, 8080);
  await at.follow(sectionNamed('NAT'));
  const url = 'http://192.168.88.5/';
  assert.deepEqual(at.names(6, url), ['web1', 'web1', 'web2', 'web2', 'web2', 'web2']);
  assert.match(at.ask(1, url)[0] ?? '', / 192\.168\.88\.10$/);
  // What a server begins is masqueraded by the rule.
  assert.match(at.type(at.servers[0], 'curl -s -m 20 http://192.168.88.10:8080/'), /^client1 192\.168\.88\.5$/m);
  at.type(at.director, 'echo 0 > /proc/sys/net/ipv4/ip_forward; weir load');
  assert.equal(at.names(3, url).length, 3);
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
