// The lines about FTP and about FULLNAT on docs/migrate.md, typed on hosts as the page has them.
import assert from 'node:assert/strict';
import { sectionNamed } from './migrate-page.js';
import { type Procedure, procedure, startWebs, VIP } from './procedure.js';

const NAT_VIP = '192.168.88.5';
const FTP = `const { ftpServer } = await import('${new URL('../../src/lab/topology/ftp-server.js', import.meta.url).href}');
ftpServer({ host: process.argv[1], body: process.argv[1], served() {} }).listen(21, '0.0.0.0', () => console.log('ready'));`;

/** How curl asks for data connections: PASV, EPSV, PORT, EPRT. */
const PASSIVE = ['--disable-epsv', ''];
const ACTIVE = ['--disable-eprt -P -', '-P -'];

async function startFtp(at: Procedure): Promise<void> {
  for (const host of at.servers) await host.serve(at.bed, [process.execPath, '--input-type=module', '-e', FTP, host.name]);
}

/** Which servers a file came from, one connection for each way of asking. */
function fetched(at: Procedure, vip: string, ways: readonly string[]): readonly string[] {
  return ways.map((options) => at.type(at.client, `curl -s -S -m 20 ${options} ftp://${vip}/file`).trim()).sort();
}

procedure('FTP', 'nat', async (at) => {
  await startFtp(at);
  for (const host of at.servers) host.ip('route add default via 192.168.99.5');
  await at.follow(sectionNamed('FTP'), {
    'ipvsadm -a -t 192.168.88.5:21 -r 192.168.99.200:21 -m': () => {
      assert.deepEqual(fetched(at, NAT_VIP, [...PASSIVE, ...ACTIVE]), ['web1', 'web1', 'web2', 'web2']);
    },
  });
  assert.deepEqual(fetched(at, NAT_VIP, PASSIVE), ['web1', 'web2']);
});

procedure('FTP by DR', 'one switch', async (at) => {
  await startFtp(at);
  for (const host of at.servers) at.type(host, `weir realserver start --vip ${VIP}`);
  const stays = (): void => assert.equal(new Set(fetched(at, VIP, PASSIVE)).size, 1);
  await at.follow(sectionNamed('FTP by DR'), {
    [`ipvsadm -a -t ${VIP}:21 -r 192.168.88.200 -g`]: stays,
    'ipvsadm -a -f 21 -r 192.168.88.200 -g': stays,
  });
});

procedure('FULLNAT', 'nat', async (at) => {
  await startWebs(at);
  await at.follow(sectionNamed('FULLNAT'));
  const clients = at.ask(4, `http://${NAT_VIP}/`);
  assert.deepEqual([...clients].sort(), ['web1 192.168.99.9', 'web1 192.168.99.9', 'web2 192.168.99.9', 'web2 192.168.99.9']);
  for (const host of at.servers) assert.doesNotMatch(host.ip('route'), /default|192\.168\.88\./, 'no route to the client');
});
