import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip, realServer } from '../../../test/support/doctor-facts.js';
import type { AdvertFact, VrrpFacts, VrrpInstanceFact } from '../facts.js';
import { vrrpRule } from './vrrp.js';

const PEER_MAC = '02:00:00:00:00:99';
const instance: VrrpInstanceFact = {
  name: 'VI_1',
  device: 'eth',
  ifindex: 2,
  version: 2,
  vrid: 51,
  priority: 100,
  authType: 1,
  interval: 1,
  vips: [ip('10.5.0.9')],
  destinations: [ip('224.0.0.18')],
  unicast: false,
};
const advert: AdvertFact = {
  ifindex: 2,
  mac: PEER_MAC,
  source: ip('10.5.0.3'),
  destination: ip('224.0.0.18'),
  version: 2,
  vrid: 51,
  priority: 120,
  authType: 1,
  interval: 1,
  vips: [ip('10.5.0.9')],
};
const healthy: VrrpFacts = { instances: [instance], adverts: [advert], holders: [], neighbours: [], blocks: [], blind: [] };
const split: VrrpFacts = { ...healthy, holders: [{ ifindex: 2, address: ip('10.5.0.9'), mac: PEER_MAC }] };
const block = {
  instance: 'VI_1',
  way: 'in',
  source: ip('10.5.0.3'),
  destination: ip('224.0.0.18'),
  by: { family: 'ip', table: 'filter', chain: 'INPUT', text: 'ip daddr 224.0.0.18 drop' },
} as const;
const found = (facts: VrrpFacts) => vrrpRule(realServer, facts);
const cause = (facts: VrrpFacts) => found(facts).find(({ code }) => code === 'vrrp-split-brain')?.cause ?? '';

test('a healthy pair is not spoken of', () => assert.deepEqual(found(healthy), []));

test('a VIP held twice: who, and the rule that is to blame, with its mend', () => {
  assert.deepEqual(found({ ...split, blocks: [block] }), [
    {
      level: 'error',
      code: 'vrrp-split-brain',
      what: `10.5.0.9 (VI_1, VRID 51) is here and 10.5.0.3 (${PEER_MAC}) answers for it, too, on eth`,
      cause: 'the rule "ip daddr 224.0.0.18 drop" (nft ip filter INPUT) drops adverts of 10.5.0.3 (protocol 112 to 224.0.0.18)',
      mend: 'iptables -I INPUT -p 112 -s 10.5.0.3 -d 224.0.0.18 -j ACCEPT',
    },
  ]);
});

test('such a rule is told before it splits anything', () => {
  assert.deepEqual(
    found({ ...healthy, blocks: [block] }).map(({ level, code }) => [level, code]),
    [['warning', 'vrrp-blocked']],
  );
});

test('the cause is what the adverts show', () => {
  const says = (more: Partial<AdvertFact>, ours: Partial<VrrpInstanceFact> = {}) =>
    cause({ ...split, adverts: [{ ...advert, ...more }], instances: [{ ...instance, ...ours }] });
  assert.match(says({}), /does not hear ours or refuses them/);
  assert.match(says({ version: 3 }), /vrrp_version is 3 there and 2 here/);
  assert.match(says({ authType: 0 }), /auth_type is none there and PASS here/);
  assert.match(says({ interval: 2 }), /advert_int is 2 there and 1 here/);
  assert.match(
    says({ vips: [ip('10.5.0.9'), ip('10.5.0.10')] }),
    /virtual_ipaddress is 10\.5\.0\.9, 10\.5\.0\.10 there and 10\.5\.0\.9 here/,
  );
  assert.match(says({ destination: ip('10.5.0.2') }), /one of the two uses unicast_peer/);
  assert.match(says({ vrid: 52 }), /it uses VRID 52 where this host uses 51/);
  assert.match(cause({ ...split, adverts: [] }), /no advert of it arrives on eth/);
});

test('a peer that sends nothing is named by the kernel table, never by the VIP itself', () => {
  const neighbours = [
    { address: ip('10.5.0.9'), mac: PEER_MAC },
    { address: ip('10.5.0.3'), mac: PEER_MAC },
  ];
  assert.match(found({ ...split, adverts: [], neighbours })[0]?.what ?? '', /10\.5\.0\.3 \(02:/);
  assert.match(found({ ...split, adverts: [] })[0]?.what ?? '', /is here and 02:00:00:00:00:99 answers/);
});

test('another pair with our number and other addresses', () => {
  const [finding] = found({ ...healthy, adverts: [{ ...advert, vips: [ip('10.5.0.77')] }] });
  assert.equal(finding?.code, 'vrrp-vrid-shared');
  assert.match(finding?.what ?? '', /10\.5\.0\.3 uses VRID 51 on eth, too, for 10\.5\.0\.77/);
  assert.deepEqual(found({ ...healthy, adverts: [{ ...advert, vips: [ip('10.5.0.77')], destination: ip('224.0.0.50') }] }), []);
});
