// A service manager that starts a daemon of VRRP after the stream (weir-sync.service) starts it when the stream is known to run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { Bed, ENTRY, noNamespaces } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { UnixListener } from '../support/unix-listener.js';
import { streamOf } from './stream-pair.js';

test('the stream is ready when its status is there', { skip: noNamespaces() }, async () => {
  const bed = new Bed();
  try {
    const lvs = bed.host('lvs');
    bed.atEnd(() => lvs.weir('unload'));
    const folder = bed.folder('weir-ready-');
    ok(lvs.weir(`sync keygen ${folder}/key`));
    const listener = new UnixListener(`${folder}/notify`);
    bed.atEnd(() => listener.close());
    const stream = new RunningDaemon(
      [
        ...['ip', 'netns', 'exec', lvs.namespace],
        ...[process.execPath, ENTRY, 'sync', 'serve', '--key', `${folder}/key`, '--listen', '127.0.0.1', '127.0.0.2'],
      ],
      { NOTIFY_SOCKET: `${folder}/notify` },
    );
    bed.atEnd(() => stream.signal('SIGKILL'));
    assert.equal(streamOf(lvs), undefined);
    await until(
      () => listener.read(),
      (text) => text === 'READY=1',
      30,
    );
    assert.equal(streamOf(lvs)?.stream.peers[0]?.address, '127.0.0.2:8848');
    await stream.stop();
  } finally {
    bed.close();
  }
});
