// Traffic while a kernel refuses the short cut of IPv6 alone, and where it comes and goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ran } from '../support/netns-bed.js';
import { skipReason } from './bed.js';
import { asked, ok, pollingFarEnds, serving, transferWhile } from './cluster.js';
import { inCluster6, server6 as server, VIP6 as VIP } from './cluster6.js';
import { fallsBack, SHORT_CUT, SHORT_CUT_NOTICE, withRefusingBuild } from './refused-object.js';

const skip = skipReason();
const falls = (ran: Ran, name: string): void => fallsBack(ran, name, SHORT_CUT_NOTICE);

interface Statuses {
  readonly datapath: { readonly tcAlone: readonly { readonly what: string; readonly why: string }[] };
}

test('live: the first service and a reload by such a build, under traffic; status and doctor name it', { skip }, () =>
  inCluster6(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    pollingFarEnds(cluster);
    await serving(cluster, web1, 8080, '::');
    const alone = (): Statuses['datapath']['tcAlone'] => (JSON.parse(ok(lvs.weir('status --json'))) as Statuses).datapath.tcAlone;
    const answers = (): void => {
      for (const protocol of ['tcp', 'udp'] as const) assert.deepEqual(asked(client, protocol, VIP, 80, 2), ['web1', 'web1'], protocol);
    };
    await withRefusingBuild(lvs, SHORT_CUT, async (weir) => {
      const ipvsadm = (line: string): Ran => weir('ipvsadm', ...line.split(' '));
      ok(weir('weir', 'load', '--attach', 'xdp'));
      falls(ipvsadm(`-A -t [${VIP}]:80 -s rr`), 'weir');
      for (const line of [
        `-a -t [${VIP}]:80 -r [${server(1)}]:8080 -m`,
        `-A -u [${VIP}]:80`,
        `-a -u [${VIP}]:80 -r [${server(1)}]:8080 -m`,
      ])
        ok(ipvsadm(line));
      answers();
      falls(weir('weir', 'load'), 'weir load');
      assert.match(
        ok(weir('weir', 'status')),
        /^ {11}IPv6 goes by tc alone, without XDP: the kernel's verifier .*\(weir load tries again\)$/m,
      );
      assert.deepEqual(
        alone().map(({ what }) => what),
        ['IPv6'],
      );
      const { stdout } = weir('weir', 'doctor');
      assert.match(stdout, /IPv6 goes by tc alone, without XDP: the kernel's verifier refuses its program \(EACCES\)/);
      // A build that this kernel takes, and back, while a connection sends.
      ok(lvs.ipvsadm(`-A -t [${VIP}]:90 -s rr`));
      ok(lvs.ipvsadm(`-a -t [${VIP}]:90 -r [${server(1)}]:9000 -m`));
      await transferWhile(bed, client, web1, VIP, 90, () => {
        assert.match(ok(lvs.weir('load')), /programs of this build replaced those of another/);
        assert.deepEqual(alone(), []);
        falls(weir('weir', 'load'), 'weir load');
        assert.equal(alone().length, 1);
      });
      answers();
      // It falls back, too, where XDP comes to an IPv6 service.
      ok(weir('weir', 'unload'));
      ok(weir('weir', 'load', '--attach', 'tc'));
      for (const line of [`-A -u [${VIP}]:80`, `-a -u [${VIP}]:80 -r [${server(1)}]:8080 -m`]) ok(ipvsadm(line));
      falls(weir('weir', 'load', '--attach', 'xdp'), 'weir load');
      assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web1', 'web1']);
    });
  }),
);
