// Content switching of clients and for servers behind tun devices, whose packets have no Ethernet header.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIP } from './cluster.js';
import { inSwitched, skip } from './switch-cluster.js';
import { connectTuns } from './tun-pair.js';

const [CLIENT, SERVER, FRONT, BACK] = ['10.7.0.2', '10.7.1.2', '10.7.0.1', '10.7.1.1'];

const file = `layer7:
  listeners: { web: "${VIP}:80" }
  pools:
    near: { servers: ["10.8.2.11:80"] }
    far: { servers: ["${SERVER}:80"] }
    proxied: { servers: ["10.8.2.12:80"] }
  hosts:
    - { server_name: [near.example], way: switch, locations: [{ location: /, pool: near }] }
    - { server_name: [far.example], way: switch, locations: [{ location: /, pool: far }] }
    - { default_server: true, locations: [{ location: /, pool: proxied }] }
`;

test('clients and servers behind devices without Ethernet headers are switched', { skip }, () =>
  inSwitched('', async (switched) => {
    const { bed, client, lvs, web2, apply, counts, get } = switched;
    await connectTuns(bed, 'tun1', [web2, SERVER], [lvs, BACK]);
    web2.ip(`route replace default via ${BACK} dev tun1`);
    apply(file);
    assert.deepEqual([get('near.example'), get('far.example')], ['10.8.1.10', '10.8.1.10'], 'a server behind one');

    await connectTuns(bed, 'tun0', [client, CLIENT], [lvs, FRONT]);
    client.ip(`route add ${VIP} dev tun0 src ${CLIENT}`);
    const before = counts();
    assert.deepEqual([get('near.example'), get('far.example'), get('c.example')], [CLIENT, CLIENT, '10.8.2.1'], 'a client behind one');
    const { bound, to_proxy: undecided, failed, unfit, lost } = counts();
    assert.deepEqual([bound - before.bound, undecided - before.to_proxy, failed, unfit, lost], [2, 1, 0, 0, 0]);
  }),
);
