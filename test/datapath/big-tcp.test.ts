// BIG TCP on the real stack: TCP packets of over 65,536 bytes go through the director whole, requests and replies, of both families.
import assert from 'node:assert/strict';
import { release } from 'node:os';
import { native } from '../../src/sys/addon.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { concat } from '../../src/wire/bytes.js';
import { encodeAttributes, u32Attribute } from '../../src/wire/netlink.js';
import { changeLink, decodeLink, dumpLinks } from '../../src/wire/rtnetlink-link.js';
import { breadth, test } from '../support/breadth.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, probe } from '../support/probes.js';
import { type Cluster, download, ipvsadm, ok, transfer } from './cluster.js';
import { CLUSTER4, CLUSTER6 } from './cluster-families.js';

const [major = 0, minor = 0] = release().split('.').map(Number);
const skip = noNamespaces() || noTools('nft') || probe('big-tcp', major > 6 || (major === 6 && minor >= 3), 'Linux before 6.3');

const BIG = 65_536;
const SIZE_MAX = 185_000;
const TRANSFER_BYTES = 64 << 20;
/** IFLA_GSO_MAX_SIZE, which counts for IPv6, and IFLA_GSO_IPV4_MAX_SIZE, which iproute2 knows since 6.3. */
const GSO_SIZES = [41, 63];

/** Every veth of the host takes packets of SIZE_MAX bytes, to cut them itself. */
function takeBigPackets({ namespace }: Host): void {
  const nsfd = native().open(`/run/netns/${namespace}`, 0);
  try {
    using(new Netlink(nsfd), (netlink) => {
      const sizes = encodeAttributes(GSO_SIZES.map((type) => u32Attribute(type, SIZE_MAX)));
      for (const { ifindex, kind, name } of netlink.dump(dumpLinks(), decodeLink, 'links')) {
        if (kind !== 'veth') continue;
        const request = changeLink({ ifindex });
        netlink.change({ ...request, payload: concat(request.payload, sizes) }, `sizes of ${name}`);
      }
    });
  } finally {
    native().close(nsfd);
  }
}

/** Counts what a host receives of over 65,536 bytes: GRO merges no packets beyond that, so they came so. */
function countBigPackets(host: Host): () => number {
  const rules = 'table inet big { chain in { type filter hook input priority 0; meta length > 65536 counter; }; }';
  ok(host.run(['nft', rules]));
  return () =>
    Number(/counter packets (\d+)/.exec(ok(host.run(['nft', 'list', 'table', 'inet', 'big'])))?.[1] ?? assert.fail('no counter'));
}

const hostsOf = ({ client, lvs, web1, front, back }: Cluster): readonly Host[] => [client, lvs, web1, front, back];

for (const { name, inCluster, vip, server, at } of [CLUSTER4, CLUSTER6])
  (name === CLUSTER6.name ? test : breadth)(`${name}: packets of BIG TCP are balanced whole, in both directions`, { skip }, async () => {
    await inCluster(async (cluster) => {
      const { bed, client, lvs, web1 } = cluster;
      for (const host of hostsOf(cluster)) takeBigPackets(host);
      for (const [port, real] of [
        [90, 9000],
        [91, 9001],
      ] as const)
        ipvsadm(lvs, `-A -t ${at(vip, port)}`, `-a -t ${at(vip, port)} -r ${at(server(1), real)} -m`);
      const [requests, replies] = [countBigPackets(web1), countBigPackets(client)];
      await transfer(bed, client, web1, vip, 90, TRANSFER_BYTES);
      assert.ok(requests() > 0, `requests of over ${BIG} bytes`);
      await download(bed, client, web1, vip, 91, TRANSFER_BYTES);
      assert.ok(replies() > 0, `replies of over ${BIG} bytes`);
      assert.equal(ok(lvs.weir('stats drops')), 'none\n');
    });
  });
