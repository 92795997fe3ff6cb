// What weir doctor reports on both nodes of a VRRP pair of directors: of a daemon that was killed, of a node that is no standby, of an
// address that was removed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { on, Pair } from './director-pair.js';
import { codes, examineMeanwhile } from './verdict.js';

test('a master without one of its addresses; an interface that is down; no standby', on, async () => {
  const pair = new Pair({ name: '', options: () => 'version 3\n virtual_ipaddress_excluded {\n 10.98.2.101/24\n }\n' });
  try {
    const { master, standby } = await pair.build();
    const file = join(pair.folder, 'second.conf');
    await master.daemon.until('both addresses', () => /10\.98\.2\.100.*10\.98\.2\.101/s.test(master.host.ip('-o addr show')));

    await standby.daemon.stop();
    const gone = await examineMeanwhile(standby.host, `--keepalived ${file}`);
    assert.deepEqual(
      codes(gone).filter((code) => code.startsWith('vrrp')),
      [],
      'a file that was only named says nothing about daemons',
    );
    const again = pair.start(standby.host, file);
    await again.logged(/\(VI_1\) Entering BACKUP STATE/);

    standby.host.ip('link set v0 down');
    await again.logged(/Entering FAULT STATE/);
    const down = await examineMeanwhile(standby.host);
    const fault = down.findings.find(({ code }) => code === 'vrrp-fault');
    assert.match(fault?.cause ?? '', /^it needs v0, which is down$/);
    assert.equal(standby.host.run(['sh', '-c', fault?.fix ?? '']).status, 0);
    await again.logged(
      /Entering BACKUP STATE/,
      again.lines.findIndex((line) => line.includes('FAULT')),
    );
    assert.deepEqual(
      codes(await examineMeanwhile(standby.host)).filter((code) => code.startsWith('vrrp')),
      [],
    );
  } finally {
    pair.bed.close();
  }
});
