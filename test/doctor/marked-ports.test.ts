// What doctor reports of a firewall mark's ports: those of its own connections, not of a service that was there before with the same servers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, type Cluster, inCluster, ipvsadm, serving, VIP } from '../datapath/cluster.js';
import { shell } from '../datapath/marked-cluster.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() || noTools('iptables') };
const SERVERS = ['10.8.2.11', '10.8.2.12'] as const;

/** What doctor has found of ports without persistence. */
function found({ lvs }: Cluster): readonly string[] {
  const { stdout } = lvs.weir('doctor --role director --wait 1 --json');
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly code: string; readonly what: string }[] };
  return findings.filter(({ code }) => code === 'ports-without-persistence').map(({ what }) => what);
}

test("a removed service's connections are not counted as a firewall mark's", on, async () => {
  await inCluster(async (cluster) => {
    const { bed, client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serving(cluster, web);
    const balanced = (service: string): string =>
      ipvsadm(lvs, `-A ${service} -s rr`, ...SERVERS.map((server) => `-a ${service} -r ${server}:80 -m`));
    const marked = (port: number): string => shell(lvs, `iptables -t mangle -A PREROUTING -p tcp --dport ${port} -j MARK --set-mark 3`);
    bed.undo(() => shell(lvs, 'iptables -t mangle -F'));
    lvs.sysctl('net.ipv4.ip_forward', '1');
    balanced(`-t ${VIP}:8080`);
    asked(client, 'tcp', VIP, 8080, 2);
    ipvsadm(lvs, '-C');
    balanced('-f 3');
    marked(80);
    asked(client, 'tcp', VIP, 80, 2);
    assert.deepEqual(found(cluster), []);
    marked(81);
    asked(client, 'tcp', VIP, 81, 2);
    assert.deepEqual(found(cluster), ["a client's connections to ports 80, 81 go to different servers by FWM 3"]);
  });
});
