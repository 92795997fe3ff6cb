// A flood of multicast frames costs macvlans no adverts: they do not stand in one queue with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { encodeVrrp } from '../../src/wire/vrrp.js';
import { ip } from '../support/ip.js';
import { noNamespaces } from '../support/netns-bed.js';
import { frame } from './advert-frames.js';
import { floodMeanwhile } from './flooding.js';
import { configuration, host, inBed, quick } from './vrrp-bed.js';

const VRIDS = [101, 102, 103, 104, 105, 106, 107, 108];
const COUNT = 400_000;

const instances = (priority: number, more: Partial<VrrpInstance>): readonly VrrpInstance[] =>
  VRIDS.map((vrid) => ({
    ...quick,
    advertUs: 200_000,
    name: `V${vrid}`,
    vrid,
    priority,
    addresses: [host(`10.99.0.${vrid}/24`)],
    ...more,
  }));

test('eight macvlans of a backup get their adverts beside a flood', { skip: noNamespaces() }, () =>
  inBed(async (bed) => {
    const master = bed.start(configuration(instances(200, {})), bed.there);
    for (const vrid of VRIDS) await master.logged(new RegExp(`\\(V${vrid}\\) Entering MASTER STATE`));
    const backup = bed.start(configuration(instances(100, { virtualInterface: { kind: 'vmac' } })));
    for (const vrid of VRIDS) await backup.logged(new RegExp(`\\(V${vrid}\\) Entering BACKUP STATE`));
    const [source, destination] = [ip('10.99.0.77'), ip('224.0.0.18')];
    const advert = { version: 3 as const, vrid: 200, priority: 100, authType: 0, interval: 20, addresses: [ip('10.99.0.200')] };
    const payload = encodeVrrp(advert, { kind: 'pseudo', source, destination });
    const flooding = frame({ ttl: 255, id: 1, protocol: 112, options: new Uint8Array(0), source, destination, payload });
    const { sent } = await floodMeanwhile(bed.there, [{ frame: flooding, count: COUNT }]);
    assert.equal(sent, COUNT);
    assert.deepEqual(
      backup.lines.filter((line) => /Entering MASTER/.test(line)),
      [],
    );
  }),
);
