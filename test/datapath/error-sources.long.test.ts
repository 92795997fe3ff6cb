// From which addresses the director's own ICMPv6 errors come, also where its interfaces have none but link-local ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, type Cluster, ipvsadm, ok, running, serving, until } from './cluster.js';
import { BACK6, CLIENT6, FRONT6, inCluster6, server6, VIP6 } from './cluster6.js';
import { station } from './live-child.js';

const skip = noNamespaces() || noTools('perl');

const SERVER = server6(1);
const SMALL_MTU = 1290;
/** The ICMPv6 errors that a host gets, a line each: the type, and from where. */
const WATCH = `
use Socket qw(:all); $| = 1;
socket(my $errors, AF_INET6, SOCK_RAW, 58) or die $!;
print "ready\\n";
while (defined(my $from = recv($errors, my $message, 2048, 0))) {
  my $type = unpack("C", $message);
  print $type, " ", inet_ntop(AF_INET6, (unpack_sockaddr_in6($from))[1]), "\\n" if $type < 128;
}`;

async function watching(bed: Bed, host: Host): Promise<readonly string[]> {
  const { lines } = running(bed, host, ['perl', '-e', WATCH]);
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
  return lines;
}

/** By which address the kernel would send something of its own there. */
const kernelsChoice = (host: Host, to: string): string => / src (\S+)/.exec(host.ip(`-6 route get ${to}`))?.[1] ?? assert.fail(to);

/** One that fits the way to a host, and not the way beyond it. */
function sendLarge(host: Host): void {
  const program = `const s=require('dgram').createSocket('udp6');s.send(Buffer.alloc(1350),80,'${VIP6}',()=>s.close())`;
  ok(host.run([process.execPath, '-e', program]));
}

/** The datagram that the client sends comes back from the server too large for the way to the client. */
async function repliesTooLarge({ bed, client, lvs, web1 }: Cluster): Promise<readonly string[]> {
  const errors = await watching(bed, web1);
  lvs.ip(`-6 route add ${CLIENT6}/128 dev eth0 mtu lock ${SMALL_MTU}`);
  await web1.serve(bed, station('echo', 80, '::'));
  ipvsadm(lvs, `-A -u [${VIP6}]:80`, `-a -u [${VIP6}]:80 -r [${SERVER}]:80 -m`);
  // The first answer resolves the client's neighbour: the FIB names no MTU until then.
  assert.deepEqual(asked(client, 'udp', VIP6, 80, 1), ['?']);
  sendLarge(client);
  await until(
    () => errors.length,
    (count) => count > 1,
  );
  return errors.slice(1);
}

test('packet too big about a reply comes from the address on its server’s side', { skip }, async () => {
  await inCluster6(async (cluster) => {
    assert.equal(kernelsChoice(cluster.lvs, SERVER), BACK6);
    assert.deepEqual(await repliesTooLarge(cluster), [`2 ${BACK6}`]);
  });
});

test('or, where that side has a link-local address alone, from the one that the kernel chooses among the others', { skip }, async () => {
  await inCluster6(async (cluster) => {
    const { lvs, web1 } = cluster;
    lvs.ip(`addr del ${BACK6}/64 dev eth1`);
    lvs.ip('addr add fe80::1/64 dev eth1 nodad');
    lvs.ip('-6 route add fd00:8:2::/64 dev eth1');
    web1.ip('-6 route replace default via fe80::1 dev eth0');
    const chosen = kernelsChoice(lvs, SERVER);
    assert.ok([FRONT6, VIP6].includes(chosen), chosen);
    assert.deepEqual(await repliesTooLarge(cluster), [`2 ${chosen}`]);
  });
});

test('errors to clients come from the service, also where their side has a link-local address alone', { skip }, async () => {
  await inCluster6(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    for (const address of [`${FRONT6}/64`, `${VIP6}/128`]) lvs.ip(`addr del ${address} dev eth0`);
    lvs.ip('addr add fe80::1/64 dev eth0 nodad');
    lvs.ip(`addr add ${VIP6}/128 dev lo nodad`);
    lvs.ip('-6 route add fd00:8:1::/64 dev eth0');
    client.ip(`-6 route add ${VIP6}/128 via fe80::1 dev eth0`);
    lvs.ip(`-6 route add ${SERVER}/128 dev eth1 mtu lock ${SMALL_MTU}`);
    const errors = await watching(bed, client);
    await serving(cluster, web1, 80, '::');
    ipvsadm(lvs, `-A -u [${VIP6}]:80`, `-a -u [${VIP6}]:80 -r [${SERVER}]:80 -m`, `-A -u [${VIP6}]:81`);
    assert.deepEqual(asked(client, 'udp', VIP6, 80, 1), ['web1']);
    sendLarge(client);
    assert.deepEqual(asked(client, 'udp', VIP6, 81, 1), ['ECONNREFUSED']);
    await until(
      () => errors.length,
      (count) => count > 2,
    );
    assert.deepEqual(errors.slice(1), [`2 ${VIP6}`, `1 ${VIP6}`]);
  });
});
