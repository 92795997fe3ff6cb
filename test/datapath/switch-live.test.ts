// Content switching under load: new rules, weights and sizes of the connection table cost no request, of new connections, old ones and those of the proxy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipvsadm, until, VIP } from './cluster.js';
import { AT_SIX, inSwitched, load, skip, switchFile } from './switch-cluster.js';

const CLOSING = ['-H', 'Connection: close'];

test('rules, weights and sizes change under load, and no request is lost', { skip }, () =>
  inSwitched('--connections 65536', async (switched) => {
    const { lvs, weir, apply, counts, get } = switched;
    assert.equal(get('a.example'), '10.8.1.10');
    assert.equal(get('a.example', AT_SIX), 'fd00:8:1::10');
    assert.equal(get('c.example', AT_SIX), '10.8.2.1');
    const loads = [
      load(switched, 'a.example', 2, CLOSING),
      load(switched, 'a.example', 2),
      load(switched, 'a.example', 2, CLOSING, AT_SIX),
      load(switched, 'a.example', 1, [], AT_SIX),
      load(switched, 'c.example', 2, CLOSING),
    ];
    const steps = [() => weir('load --connections 131072'), () => apply(switchFile(1, 3)), () => weir('load --connections 65536')];
    for (const step of steps) {
      const { bound, to_proxy: undecided } = counts();
      step();
      await until(counts, (now) => now.bound > bound + 50 && now.to_proxy > undecided + 20);
    }
    for (const end of loads) assert.ok((await end()) > 100);
    const { failed, full, unfit, lost } = counts();
    assert.deepEqual({ failed, full, unfit, lost }, { failed: 0, full: 0, unfit: 0, lost: 0 });

    lvs.sysctl('net.ipv4.tcp_sack', '0');
    const { stdout } = lvs.weir('doctor');
    assert.match(stdout, /^ERROR {2}net\.ipv4\.tcp_sack is 0/m);
    assert.doesNotMatch(stdout, /content switching has no program|the listener web/);

    // The file has the same weight as before: what another made of it stays. With another weight the file counts.
    const weights = (): readonly string[] =>
      [...ipvsadm(lvs, '-Sn').matchAll(/ -r 10\.\S+ .* -w (\d+)$/gm)].map(([, weight]) => weight ?? '').sort();
    ipvsadm(lvs, `-e -t ${VIP}:80 -r 10.8.2.11:80 -m -w 7`);
    apply(switchFile(1, 3));
    assert.deepEqual(weights(), ['3', '7']);
    apply(switchFile(2, 3));
    assert.deepEqual(weights(), ['2', '3']);
    ipvsadm(lvs, `-e -t ${VIP}:80 -r 10.8.2.11:80 -m -w 0`);
    apply(switchFile(5, 3));
    assert.deepEqual(weights(), ['0', '3']);
  }),
);
