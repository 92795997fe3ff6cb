// Content switching of a listener on all addresses: each address that the host has is switched, but for what is the proxy's.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ENTRY } from '../support/netns-bed.js';
import { ipvsadm, running, until, VIP } from './cluster.js';
import { inSwitched, skip } from './switch-cluster.js';

const FILE = `layer7:
  listeners: { all: "0.0.0.0:8080" }
  pools:
    both: { servers: ["10.8.2.11:80", "10.8.2.12:80"] }
  hosts:
    - { server_name: [a.example], way: switch, locations: [{ location: /, pool: both }] }
    - { default_server: true, locations: [{ location: /, pool: both }] }
`;
const [SWITCHED, PROXIED] = ['10.8.1.10', '10.8.2.1'];

test("addresses are switched as the host has them when it is applied, others are the proxy's", { skip }, () =>
  inSwitched('', async ({ bed, client, lvs, weir, get }) => {
    client.ip('route add 10.8.2.1/32 via 10.8.1.1');
    const file = join(bed.folder('all-'), 'weir.yaml');
    writeFileSync(file, FILE);
    running(bed, lvs, [process.execPath, ENTRY, 'weir', 'proxy', '--config', file, '--workers', '1']);
    await until(
      () => get('c.example', `${VIP}:8080`),
      (answer) => answer === PROXIED,
    );
    assert.equal(weir(`switch apply --config ${file}`).match(/^all /gm)?.length, 2);
    const answers = (host: string, ...addresses: readonly string[]): readonly string[] =>
      addresses.map((address) => get(host, `${address}:8080`));
    assert.deepEqual(answers('a.example', VIP, '10.8.1.1', '10.8.2.1'), [SWITCHED, SWITCHED, PROXIED]);
    assert.deepEqual(answers('c.example', VIP, '10.8.2.1'), [PROXIED, PROXIED]);

    for (const address of ['10.8.1.101', '10.8.1.102']) lvs.ip(`addr add ${address}/32 dev eth0`);
    ipvsadm(lvs, '-A -t 10.8.1.102:8080');
    ipvsadm(lvs, '-a -t 10.8.1.102:8080 -r 10.8.2.11:80 -m');
    assert.deepEqual(answers('a.example', '10.8.1.101'), [PROXIED]);
    const { stderr } = lvs.weir(`switch apply --config ${file}`);
    assert.match(stderr, /^weir: all 10\.8\.1\.102:8080: not switched, there is a virtual service of it$/m);
    assert.deepEqual(answers('a.example', '10.8.1.101', VIP), [SWITCHED, SWITCHED]);
    assert.deepEqual(answers('c.example', '10.8.1.102'), [SWITCHED]);
  }),
);
