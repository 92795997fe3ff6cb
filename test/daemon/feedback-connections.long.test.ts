// Weights that follow what the director itself sees: a server that refuses connections is lowered without an agent, and gets its weight back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inCluster, ipvsadm, ok, running, until, VIP } from '../datapath/cluster.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';

const skip = noNamespaces();
const SERVICE = `tcp:${VIP}:80`;

/** Each answer takes 50 ms. */
const SERVER = `require('node:http').createServer((q, s) => setTimeout(() => s.end('done'), 50)).listen(80, () => console.log('listens'));`;

/** Forty connections a second, whatever becomes of them. */
const CLIENT = `const { get } = require('node:http');
setInterval(() => get({ host: '${VIP}', agent: false, timeout: 5000 }, (r) => r.resume()).on('error', () => {}).on('timeout', function () { this.destroy(); }), 25);
console.log('asks');`;

test('a server that refuses connections is lowered, and gets its weight back when it answers', { skip, timeout: 300_000 }, () =>
  inCluster(async ({ bed, client, lvs, web1, web2 }) => {
    lvs.sysctl('net.ipv4.ip_forward', '1');
    ipvsadm(lvs, `-A -t ${VIP}:80 -s wrr`, ...[1, 2].map((web) => `-a -t ${VIP}:80 -r 10.8.2.1${web}:80 -m -w 100`));
    await web1.serve(bed, [process.execPath, '-e', SERVER]);
    running(bed, client, [process.execPath, '-e', CLIENT]);
    const options = ['--source', 'connections', '--concurrency', '8'];
    running(bed, lvs, [process.execPath, ENTRY, 'weir', 'feedback', 'run', SERVICE, ...options]);
    const weights = (): readonly number[] =>
      [...ipvsadm(lvs, '-Sn').matchAll(/ -r 10\.8\.2\.1(\d):80 .* -w (\d+)$/gm)]
        .toSorted(([, one = ''], [, other = '']) => one.localeCompare(other))
        .map(([, , weight]) => Number(weight));
    await until(weights, ([one = 0, two = 0]) => one >= 120 && two <= 60);
    assert.match(ok(lvs.weir(`feedback explain ${SERVICE} 10.8.2.12:80`)), /busy 1\.00 over \d/);
    await web2.serve(bed, [process.execPath, '-e', SERVER]);
    await until(weights, ([one = 0, two = 0]) => one <= 120 && two >= 80);
  }),
);
