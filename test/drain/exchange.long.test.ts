// An upgrade in the middle of a drain: the programs of another build hold the server as those before them did, and cut none of its connections.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, inCluster, ipvsadm, ok, serving, VIP } from '../datapath/cluster.js';
import { exchangeTo, skip, withOtherBuild } from '../datapath/exchange-bed.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { drain, killDrivers } from './drain-cluster.js';

const CHATS = 4;
const ADDRESSES = ['10.8.2.11', '10.8.2.12'] as const;

test('there and back: new connections go elsewhere, chats go on, and the record stays', { skip }, async () => {
  await withOtherBuild((object) =>
    inCluster(async (cluster) => {
      const { bed, lvs, client, web1, web2 } = cluster;
      bed.atEnd(() => killDrivers(lvs));
      for (const web of [web1, web2]) {
        await serving(cluster, web);
        await web.serve(bed, station('echo', 90, '0.0.0.0'));
      }
      for (const port of [80, 90])
        ipvsadm(lvs, `-A -t ${VIP}:${port} -s rr`, ...ADDRESSES.map((address) => `-a -t ${VIP}:${port} -r ${address}:${port} -m -w 2`));
      const end = await begun(cluster, ...station('talk', VIP, 90, CHATS));
      const { seen } = drain(lvs, `${ADDRESSES[0]} --deadline 10m`);
      const held = (): void => {
        assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 6)), new Set(['web2']));
        const { state, remaining } = drain(lvs, `status ${seen.id}`).seen;
        assert.deepEqual([state, remaining.open], ['draining', CHATS / 2]);
      };
      held();
      assert.equal(ok(lvs.run(exchangeTo(object))), 'true\n');
      held();
      assert.match(ok(lvs.weir('load')), /^the programs of this build replaced those of another;/);
      held();
      assert.equal(await end(), `${CHATS} of ${CHATS}`);
      drain(lvs, `cancel ${seen.id}`);
      assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 6)), new Set(['web1', 'web2']));
    }),
  );
});
