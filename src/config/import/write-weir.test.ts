// What is imported is checked by a weir.yaml as by a keepalived.conf: the same text in the words of both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { readKeepalived } from '../keepalived/read.js';
import { faultText, readWeirFile } from '../weir/read.js';
import { importHaproxy } from './haproxy.js';
import type { Imported } from './imported.js';
import { importLdirectord } from './ldirectord.js';
import { importLoxilb } from './loxilb.js';
import { importedKeepalivedText } from './write-keepalived.js';
import { importedWeirText, lostOfWeir } from './write-weir.js';

function byWeir(imported: Imported): readonly VirtualServer[] {
  const { file, faults } = readWeirFile(importedWeirText(imported));
  assert.deepEqual(
    faults.map((fault) => faultText('w', fault)),
    [],
  );
  return file.checked ?? [];
}

function byKeepalived(imported: Imported): readonly VirtualServer[] {
  const files = { read: () => ({ kind: 'text' as const, text: importedKeepalivedText(imported) }), list: () => [] };
  const { configuration } = readKeepalived(files, { path: 'k', directory: '/', configId: '', environment: {} });
  return configuration?.virtualServers ?? assert.fail();
}

/** What of a virtual server its checks are. */
const checked = ({ realServers, sorryServer }: VirtualServer): unknown => ({
  sorry: sorryServer?.port,
  servers: realServers.map(({ address, port, weight, checkers, inhibitOnFailure }) => ({
    ...{ address, port, weight, checkers, inhibitOnFailure },
  })),
});

const LDIRECTORD = `failurecount=3
checkinterval=5
virtual=192.0.2.1:80
	real=10.0.0.2:80 masq 2
	real=10.0.0.3:80 masq
	fallback=10.0.0.9:81 masq
	request="a b.html"
	receive="I am .* fine"
	virtualhost=www.example.com
virtual=192.0.2.1:53
	real=10.0.0.2:53 gate
	request="www.example.com"
	fallback=127.0.0.1
virtual=192.0.2.1:443
	real=10.0.0.2:443 gate
	real=10.0.0.3:443 gate
	checktype=external
	checkcommand="/usr/bin/check -a b"
	quiescent=no
`;
const HAPROXY = `defaults
  mode tcp
listen web
  bind 192.0.2.1:80
  timeout check 4s
  option httpchk GET /up HTTP/1.1\\r\\nHost:\\ www.example.com
  http-check expect status 200,204,300-310
  server a 10.0.0.2:80 check inter 9s fall 5
  server b 10.0.0.3:80 check check-ssl
  server c 10.0.0.4:80
  server d 10.0.0.5:80 backup weight 9 check
listen mail
  bind 192.0.2.1:25
  option smtpchk HELO me.example.com
  server a 10.0.0.2:25 check
  server b 10.0.0.3:25 check
`;

for (const [format, imported] of [
  ['ldirectord', importLdirectord('f', LDIRECTORD)],
  ['haproxy', importHaproxy('f', HAPROXY, { method: 'masq', vips: [] })],
] as const)
  test(`${format}: health checks and sorry servers of a weir.yaml are those of a keepalived.conf`, () => {
    const wanted = byKeepalived(imported).map(checked);
    assert.ok(wanted.length > 1);
    assert.deepEqual(byWeir(imported).map(checked), wanted);
    assert.deepEqual(lostOfWeir(imported, 'f'), []);
  });

test('what all servers have stands in their service', () => {
  const text = importedWeirText(importHaproxy('f', HAPROXY, { method: 'masq', vips: [] }));
  assert.match(
    text,
    /tcp:192\.0\.2\.1:25:\n {4}scheduler: wrr\n {4}checks:\n {6}delay_loop: 2\n {6}SMTP_CHECK:\n {8}helo_name: me\.example\.com\n/,
  );
  assert.match(text, / {6}- 10\.0\.0\.4:80\n {4}sorry_server: 10\.0\.0\.5:80\n/);
});

test('a sorry server where nothing is checked is a line; a table alone has no checks', () => {
  const imported = importHaproxy(
    'f',
    'listen web\n  mode tcp\n  bind 192.0.2.1:80\n  server a 10.0.0.2:80\n  server b 10.0.0.3:80 backup\n',
    { method: 'masq', vips: [] },
  );
  assert.deepEqual(byWeir(imported), []);
  assert.deepEqual(
    lostOfWeir(imported, 'f').map(({ text }) => text),
    ['fallback or backup server of tcp:192.0.2.1:80'],
  );
});

test('checks of loxilb are written, too', () => {
  const rule = {
    serviceArguments: {
      externalIP: '192.0.2.1',
      port: 80,
      protocol: 'tcp',
      monitor: true,
      probetype: 'http',
      probereq: 'up',
      probeport: 81,
    },
    endpoints: [{ endpointIP: '10.0.0.2', targetPort: 80 }],
  };
  const imported = importLoxilb('f', JSON.stringify({ lbAttr: [rule] }));
  assert.deepEqual(byWeir(imported).map(checked), byKeepalived(imported).map(checked));
});
