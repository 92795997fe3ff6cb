// weir's daemon reads every keepalived.conf under examples/ without a message and does its job, in a network namespace. (Those with a pool of
// servers: pools.long.test.ts.)
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import type { Example } from './example.js';
import { poolExamples } from './pools.js';
import { folder, program, testExamples } from './run-example.js';

const dual = (address: string): Example => ({
  devices: { ens32: `${address}/24` },
  holds: [/172\.16\.1\.100\/24 .*ens32:1\\/, /172\.16\.1\.200\/24 .*ens32:2\\/],
});
const heartbeat = (number: number): Example => ({
  devices: { ens32: `172.16.1.${number}/24`, ens33: `10.0.0.${number}/24` },
  holds: [/172\.16\.1\.100\/24/],
});

const examples: Readonly<Record<string, Example>> = {
  'dual-lvs1.conf': dual('172.16.1.128'),
  'dual-lvs2.conf': dual('172.16.1.129'),
  'heartbeat-lvs1.conf': heartbeat(128),
  'heartbeat-lvs2.conf': heartbeat(129),
  'haproxy.conf': {
    devices: { eth0: '192.0.2.2/24' },
    holds: [/192\.0\.2\.10\/24/],
    before: async (_host, _bed, daemon) => {
      await daemon.until('haproxy is missed', () => daemon.lines.some((line) => /Changing effective priority from 100 to 80/.test(line)));
    },
  },
  'ipv6.conf': { devices: { eth0: '2001:db8:1::2/64' }, holds: [/fe80::10\/64/, /2001:db8:1::10\/64/] },
  'unicast-cloud.conf': { devices: { eth0: '10.20.0.11/24' }, holds: [/10\.20\.0\.100\/24/] },
  'track-script.conf': {
    devices: { eth0: '192.0.2.2/24' },
    holds: [/192\.0\.2\.20\/24/],
    before: async (host, bed, daemon) => {
      await daemon.until('the script fails', () => daemon.lines.some((line) => /Entering FAULT STATE|now returning 1/.test(line)));
      await host.listen(bed, '127.0.0.1', 80);
    },
  },
  'bfd-router.conf': {
    devices: { eth0: '192.0.2.2/24' },
    holds: [/192\.0\.2\.40\/24/],
    before: async (_host, bed, daemon, lan) => {
      const files = mkdtempSync(join(tmpdir(), 'weir-router-'));
      bed.atEnd(() => rmSync(files, { recursive: true }));
      const router = bed.host('exrouter');
      bed.cable(router, 'eth0', lan, '192.0.2.1/24');
      writeFileSync(join(files, 'conf'), 'bfd_instance node {\nneighbor_ip 192.0.2.2\nsource_ip 192.0.2.1\n}\n');
      const pids = ['p', 'r', 'c', 'b'].flatMap((letter) => [`-${letter}`, join(files, letter)]);
      const argv = ['ip', 'netns', 'exec', router.namespace, program, '-n', '-l', '-G', '-f', join(files, 'conf'), ...pids];
      const neighbour = new RunningDaemon(argv);
      bed.atEnd(() => neighbour.signal('SIGKILL'));
      await daemon.until('the path counts', () => daemon.lines.some((line) => /Changing effective priority from 150 to 210/.test(line)));
    },
  },
  'virtual-servers.conf': {
    devices: { eth0: '192.0.2.2/24' },
    holds: [/192\.0\.2\.30\/24 .*eth0:1\\/],
    before: async (_host, bed, _daemon, lan) => {
      const web = bed.host('exweb');
      bed.cable(web, 'eth0', lan, '192.0.2.31/24');
      await web.listen(bed, '192.0.2.31', 80);
    },
    after: async (host, daemon) => {
      const table = () => host.ipvsadm('-Sn').stdout;
      // There is no second server: its check finds that out.
      await daemon.logged(/^Removing service \[192\.0\.2\.32\]:tcp:80 from VS \[192\.0\.2\.30\]:tcp:80$/);
      await daemon.until('the server that answers is alone', () =>
        /^-A -t 192\.0\.2\.30:80 -s wlc\n-a -t 192\.0\.2\.30:80 -r 192\.0\.2\.31:80 -g -w 3\n$/.test(table()),
      );
      host.weir('unload');
    },
  },
};

/** weir lab ha and weir lab misc-check run these (labs.test.ts). */
const BY_LABS = ['ha-lvs1.conf', 'ha-lvs2.conf', 'misc-check.conf'];
/** A test of its own: ipv6-cluster.long.test.ts. */
const ALONE = ['ipv6-virtual-servers.conf'];

/** Second nodes, and an address of another family: in the long run. */
const LONG = ['dual-lvs2.conf', 'heartbeat-lvs2.conf', 'ipv6.conf', 'unicast-cloud.conf'];

describe('examples of keepalived.conf', { concurrency: 4, skip: noNamespaces() }, () => {
  test('each has its test', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    assert.deepEqual(files.sort(), [...Object.keys(examples), ...Object.keys(poolExamples), ...BY_LABS, ...ALONE].sort());
  });

  testExamples('ex', examples, (name) => (LONG.includes(name) ? breadth : test));
});
