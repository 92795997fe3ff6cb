// Next hops on living hosts: a server's hardware address or the route to it changes, without any notice to the director.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { inCluster, ipvsadm, ok, pollingFarEnds, running, serving, servingDirect, until, VIP } from './cluster.js';
import { station } from './live-child.js';

const skip = noNamespaces();

/** So much later than the director sent it on a client may have an answer on a busy machine, which then gives up some that come late. */
const LATE_MS = 5_000;

/** How long no answer came, ms, across the event at `since`; and when it ended. */
async function silenceAfter(lines: readonly string[], since: number, right: (answer: string) => boolean): Promise<number> {
  const times = (): readonly number[] =>
    lines
      .map((line) => line.split(' '))
      .filter(([time, answer]) => Number(time) > since && right(answer ?? ''))
      .map(([time]) => Number(time));
  // Answers in flight at the moment of the event do not count: three in a row do.
  const found = await until(times, (seen) => seen.length >= 3, 60);
  return (found[0] ?? Number.POSITIVE_INFINITY) - since;
}

const now = (): number => performance.timeOrigin + performance.now();

for (const attach of ['tc', 'xdp'] as const) {
  test(`a server that changes its hardware address silently is reached again within 10 s (${attach})`, { skip }, async (context) => {
    await inCluster(async (cluster) => {
      const { bed, client, lvs, web1 } = cluster;
      await serving(cluster, web1);
      if (attach === 'xdp') pollingFarEnds(cluster);
      ok(lvs.weir(`load --attach ${attach}`));
      ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 10.8.2.11:80 -m`);
      const { lines } = running(bed, client, station('steady', VIP, 80));
      await until(
        () => lines.length,
        (count) => count >= 20,
      );
      assert.equal(web1.sysctl('net.ipv4.conf.eth0.arp_notify'), '0');
      web1.ip('link set eth0 address 02:77:77:77:77:77');
      const silence = await silenceAfter(lines, now(), (answer) => answer === 'web1');
      context.diagnostic(`reached again after ${Math.round(silence)} ms`);
      assert.ok(silence < 10_000 + LATE_MS, `${silence} ms`);
    });
  });
}

test('a server on DR that changes its hardware address silently is reached again within 10 s', { skip }, async (context) => {
  await inCluster(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    await servingDirect(cluster, web1, '10.8.1.11');
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 10.8.1.11:80 -g`);
    const { lines } = running(bed, client, station('steady', VIP, 80));
    await until(
      () => lines.length,
      (count) => count >= 20,
    );
    web1.ip('link set eth1 address 02:77:77:77:77:77');
    const silence = await silenceAfter(lines, now(), (answer) => answer === 'web1');
    context.diagnostic(`reached again after ${Math.round(silence)} ms`);
    assert.ok(silence < 10_000 + LATE_MS, `${silence} ms`);
  });
});

test('a changed route takes effect within 2 s', { skip }, async (context) => {
  await inCluster(async (cluster) => {
    const { bed, client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) {
      web.ip('addr add 10.9.0.1/32 dev lo');
      await serving(cluster, web);
    }
    lvs.ip('route add 10.9.0.1/32 via 10.8.2.11');
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 10.9.0.1:80 -m`);
    const { lines } = running(bed, client, station('steady', VIP, 80));
    await until(
      () => lines.length,
      (count) => count >= 20,
    );
    assert.ok(lines.every((line) => line.endsWith('web1')));
    lvs.ip('route replace 10.9.0.1/32 via 10.8.2.12');
    const late = await silenceAfter(lines, now(), (answer) => answer === 'web2');
    context.diagnostic(`the other server answers after ${Math.round(late)} ms`);
    assert.ok(late < 2000 + LATE_MS, `${late} ms`);
  });
});
