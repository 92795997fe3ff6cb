// FULLNAT reports to living servers who their clients are: nginx and HAProxy read the PROXY header, and tshark the option of TCP (TOA).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breadth, test } from '../support/breadth.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, type Cluster, download, inCluster, ipvsadm, ok, running, serving, transfer, until, VIP } from './cluster.js';

const skip = noNamespaces() || noTools('nginx', 'haproxy', 'curl', 'tcpdump', 'tshark', 'nft');
const LOCAL = '10.8.2.77';
const [CLIENT, SERVER] = ['10.8.1.10', '10.8.2.11'];
const [SINK, SOURCE] = [9000, 9001];
/** Where HAProxy listens for them, with the header. */
const HEADED = 100;

const withFolder = (work: (cluster: Cluster, folder: string) => Promise<void>): Promise<void> =>
  inCluster(async (cluster) => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-client-address-'));
    try {
      cluster.lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
      cluster.web1.run(['ip', 'route', 'del', 'default']);
      await work(cluster, folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

const service = (port: number, serverPort: number, how: string): readonly string[] => [
  `-A -t ${VIP}:${port} -s rr`,
  `-a -t ${VIP}:${port} -r ${SERVER}:${serverPort} --fullnat --local-address ${LOCAL} --client-address ${how}`,
];

const listening = (host: Host, port: number): Promise<string> =>
  until(
    () => host.run(['sh', '-c', `ss -Hltn sport = :${port}`]).stdout,
    (found) => found !== '',
  );

/** nginx answers with what the header has. */
async function nginx({ bed, web1 }: Cluster, folder: string, port: number): Promise<void> {
  const conf = join(folder, 'nginx.conf');
  const answer = '$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port $remote_addr';
  const server = `server { listen [::]:${port} ipv6only=off proxy_protocol; default_type text/plain; return 200 "${answer}\\n"; }`;
  writeFileSync(conf, `daemon off; master_process off; pid ${folder}/pid; events {}\nhttp { access_log off; ${server} }\n`);
  running(bed, web1, ['nginx', '-c', conf, '-e', 'stderr']);
  await listening(web1, port);
}

const SIX = { client: 'fd08:1::10', vip: 'fd08:1::100', local: 'fd08:2::77', server: 'fd08:2::11' } as const;

/** Gives the hosts IPv6 addresses. Marks lead packets by way of forwarding. The server has no route through the director. */
function addSix({ client, lvs, web1 }: Cluster): void {
  for (const name of ['net.ipv6.conf.all.forwarding', 'net.ipv4.ip_forward']) lvs.sysctl(name, '1');
  client.ip(`addr add ${SIX.client}/64 dev eth0 nodad`);
  for (const address of ['fd08:1::1', SIX.vip]) lvs.ip(`addr add ${address}/64 dev eth0 nodad`);
  for (const address of ['fd08:2::1', SIX.local]) lvs.ip(`addr add ${address}/64 dev eth1 nodad`);
  web1.ip(`addr add ${SIX.server}/64 dev eth0 nodad`);
}

/** HAProxy wants the header, and passes on what is behind it. */
async function haproxy({ bed, web1 }: Cluster, folder: string): Promise<void> {
  const conf = join(folder, 'haproxy.cfg');
  const proxy = (port: number): string =>
    `listen p${port}\n  bind :${port + HEADED} accept-proxy\n  mode tcp\n  timeout connect 60s\n  timeout client 60s\n  timeout server 60s\n  server s 127.0.0.1:${port}\n`;
  writeFileSync(conf, [SINK, SOURCE].map(proxy).join(''));
  web1.ip('link set lo up');
  running(bed, web1, ['haproxy', '-db', '-f', conf]);
  await listening(web1, SOURCE + HEADED);
}

test('nginx reads the client’s address from the PROXY header, and the address that was asked for', { skip }, () =>
  withFolder(async (cluster, folder) => {
    const { client, lvs } = cluster;
    await nginx(cluster, folder, 8080);
    ipvsadm(lvs, ...service(80, 8080, 'proxy'));
    for (const from of [40_001, 40_002]) {
      const answer = ok(client.run(['curl', '-sS', '-m', '60', '--local-port', String(from), `http://${VIP}/`]));
      assert.equal(answer, `${CLIENT}:${from} ${VIP}:80 ::ffff:${LOCAL}\n`);
    }
    const sent = 'x'.repeat(200_000);
    writeFileSync(join(folder, 'body'), sent);
    assert.match(ok(client.run(['curl', '-sS', '-m', '60', '--data-binary', `@${folder}/body`, `http://${VIP}/`])), /^10\.8\.1\.10:/);
    assert.doesNotMatch(ok(lvs.weir('stats drops')), /^(redirect_failed|busy) /m);
  }),
);

breadth('the same of IPv6 and of all ports, and of a firewall mark', { skip }, () =>
  withFolder(async (cluster, folder) => {
    const { client, lvs } = cluster;
    addSix(cluster);
    await nginx(cluster, folder, 8080);
    const fetched = (host: string, from: number): string =>
      ok(client.run(['curl', '-gsS', '-m', '60', '--local-port', String(from), `http://${host}:8080/`]));
    ipvsadm(
      lvs,
      `-A -t [${SIX.vip}]:0 -s rr -p 300`,
      `-a -t [${SIX.vip}]:0 -r [${SIX.server}]:0 --fullnat --local-address ${SIX.local} --client-address proxy`,
    );
    assert.equal(fetched(`[${SIX.vip}]`, 40_001), `${SIX.client}:40001 ${SIX.vip}:8080 ${SIX.local}\n`);
    const marks = 'table ip marks { chain c { type filter hook prerouting priority mangle; tcp dport 8080 mark set 5; }; }';
    ok(lvs.run(['nft', marks]));
    ipvsadm(lvs, '-A -f 5 -s rr', `-a -f 5 -r ${SERVER}:8080 --fullnat --local-address ${LOCAL} --client-address proxy`);
    assert.equal(fetched(VIP, 40_002), `${CLIENT}:40002 ${VIP}:8080 ::ffff:${LOCAL}\n`);
    assert.doesNotMatch(ok(lvs.weir('stats drops')), /^(redirect_failed|busy) /m);
  }),
);

breadth('large transfers both ways behind the PROXY header, one of which is lost', { skip }, () =>
  withFolder(async (cluster, folder) => {
    const { bed, client, lvs, web1 } = cluster;
    await haproxy(cluster, folder);
    ipvsadm(lvs, ...service(SINK, SINK + HEADED, 'proxy'), ...service(SOURCE, SOURCE + HEADED, 'proxy'));
    // The handshake's ACK, which carries the header, does not arrive.
    const lossy = `table ip lossy { chain c { type filter hook prerouting priority 0; tcp dport ${SINK + HEADED} tcp flags & (syn | ack) == ack limit rate 1/hour burst 1 packets counter drop; }; }`;
    web1.run(['nft', lossy]);
    await transfer(bed, client, web1, VIP, SINK);
    assert.match(ok(web1.run(['nft', 'list', 'table', 'ip', 'lossy'])), /counter packets 1 /);
    await download(bed, client, web1, VIP, SOURCE);
    assert.doesNotMatch(ok(lvs.weir('stats drops')), /^(redirect_failed|busy) /m);
  }),
);

/** The SYN and ACK and the segments with the flag ACK of a capture: options in hexadecimal, bytes of data, checksum status. */
function captured(file: string, filter: string): readonly (readonly string[])[] {
  const fields = ['tcp.options', 'tcp.len', 'tcp.checksum.status', 'ip.len'].flatMap((name) => ['-e', name]);
  const args = ['-r', file, '-n', '-Y', filter, '-T', 'fields', ...fields];
  const { stdout } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

breadth('TOA is in the handshake’s ACK and the first data, and in none that follow the server’s', { skip }, () =>
  withFolder(async (cluster, folder) => {
    const { bed, client, lvs, web1 } = cluster;
    await serving(cluster, web1);
    ipvsadm(lvs, ...service(80, 80, 'toa'), ...service(SINK, SINK, 'toa'));
    const [behind, before] = [join(folder, 'behind.pcap'), join(folder, 'before.pcap')];
    const dumps = [
      running(bed, web1, ['tcpdump', '-i', 'eth0', '-U', '--immediate-mode', '-w', behind, 'tcp']),
      running(bed, client, ['tcpdump', '-i', 'eth0', '-U', '--immediate-mode', '-w', before, 'tcp']),
    ];
    for (const host of [web1, client])
      await until(
        () => host.run(['sh', '-c', 'ss -0 -H']).stdout,
        (found) => found.includes('tcpdump') || /p_raw/.test(found),
      );
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 1), ['web1']);
    const ended = (): readonly (readonly string[])[] => captured(behind, `tcp.flags.fin == 1 && ip.src == ${LOCAL}`);
    await until(ended, (found) => found.length > 0);
    const toa = /^fe08[0-9a-f]{4}0a08010a/;
    const handshake = captured(behind, `tcp.flags.syn == 0 && ip.src == ${LOCAL} && tcp.seq == 1`);
    assert.ok(handshake.length >= 2);
    for (const [options = ''] of handshake) assert.match(options, toa);
    const [[last = ''] = []] = captured(behind, `tcp.flags.fin == 1 && ip.src == ${LOCAL}`);
    assert.doesNotMatch(last, /fe08/);
    const [[theirs = ''] = []] = captured(behind, `tcp.flags.syn == 1 && ip.src == ${SERVER}`);
    const [[ours = ''] = []] = captured(before, `tcp.flags.syn == 1 && ip.src == ${VIP}`);
    const mssOf = (options: string): number => Number.parseInt(/^0204([0-9a-f]{4})/.exec(options)?.[1] ?? '', 16);
    assert.equal(mssOf(ours), mssOf(theirs) - 8);
    for (const { child } of dumps) child.kill();
    await transfer(bed, client, web1, VIP, SINK);
    assert.doesNotMatch(ok(lvs.weir('stats drops')), /^(redirect_failed|busy|too_big) /m);
  }),
);

breadth('listings and saves show how clients are reported; what cannot be is refused', { skip }, () =>
  withFolder(async ({ lvs }) => {
    ipvsadm(lvs, ...service(80, 8080, 'proxy'), ...service(81, 8081, 'toa'));
    const options = (port: number, how: string): string =>
      `-a -t ${VIP}:${port} -r ${SERVER}:80${port} --fullnat -w 1 --local-address ${LOCAL} --client-address ${how}`;
    const saved = ipvsadm(lvs, '-Sn');
    assert.ok(saved.includes(options(80, 'proxy')) && saved.includes(options(81, 'toa')), saved);
    assert.match(ipvsadm(lvs, '-Ln --tun-info'), /10\.8\.2\.11:8080 +FullNAT proxy +1/);
    assert.match(ipvsadm(lvs, '-L --json'), /"localAddresses":\["10\.8\.2\.77"\],"clientAddress":"toa"/);
    ipvsadm(lvs, '-C');
    ipvsadm(lvs, ...saved.trim().split('\n'));
    assert.equal(ipvsadm(lvs, '-Sn'), saved);
    ipvsadm(lvs, `-e -t ${VIP}:80 -r ${SERVER}:8080 --fullnat --local-address ${LOCAL}`);
    assert.equal(ipvsadm(lvs, '-Sn'), saved.replace(' --client-address proxy', ''));
    ipvsadm(lvs, `-A -u ${VIP}:53 -s rr`);
    const fails = (words: string): string => {
      const { status, stderr } = lvs.weir(`ipvsadm ${words}`);
      assert.notEqual(status, 0, words);
      return stderr;
    };
    assert.match(fails(`-a -u ${VIP}:53 -r ${SERVER}:53 --fullnat --local-address ${LOCAL} --client-address proxy`), /only servers of TCP/);
    assert.match(fails(`-a -t ${VIP}:80 -r ${SERVER}:82 -m --client-address toa`), /'client-address' goes with 'fullnat'/);
    assert.match(
      fails(`-a -t ${VIP}:80 -r ${SERVER}:82 --fullnat --local-address ${LOCAL} --client-address x`),
      /illegal client-address \(toa or proxy\)/,
    );
  }),
);
