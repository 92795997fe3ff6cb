// Files of other programs, cut and changed from a seed: an import refuses them, or what it writes is read by weir itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, randomFrom } from '../../test/support/mutate.js';
import { emptyImport } from '../config/import/empty-import.js';
import { importedKeepalivedText } from '../config/import/write-keepalived.js';
import { importedWeirText } from '../config/import/write-weir.js';
import { parseCommand } from '../config/ipvsadm/grammar.js';
import { faultText, readWeirFile } from '../config/weir/read.js';
import { parseAddress } from '../model/address-text.js';
import { isWeirError } from '../model/errors/weir-error.js';
import { IMPORT_FORMATS, IMPORT_METHODS, type ImportFormat, type ImportSource, importFormat } from './import-formats.js';

const ROUNDS = 400;

const FILES: Readonly<Record<ImportFormat, string>> = {
  ipvsadm: `-A -t 192.0.2.1:80 -s wrr -p 300
-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 5 -x 100 -y 50
-A -f 5 -s sh -b sh-port
-a -f 5 -r 10.0.0.2:0 -i --tun-type gue --tun-port 6080
-A -u [2001:db8::1]:53 -s rr -o
--set 900 120 300`,
  kernel: `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0000201:0050 wrr persistent 300 FFFFFFFF
  -> 0A000001:0050      Masq    5      0          0
FWM  00000005 sh
  -> 0A000002:0000      Route   1      0          0`,
  ldirectord: `checktimeout=10
checkinterval=2
quiescent=yes
virtual=192.0.2.1:80
\treal=10.0.0.1:80 gate 5
\treal=10.0.0.2->10.0.0.9:80 masq
\tfallback=127.0.0.1:80
\tservice=http
\trequest="index.html"
\treceive="Test Page"
\tvirtualhost=some.domain
\tscheduler=rr
\tpersistent=600
\tchecktype=negotiate
\tcheckport=8080
virtual=5
\treal=10.0.0.1:80 ipip
\tprotocol=fwm
\tchecktype=external
\tcheckcommand=/bin/true`,
  haproxy: `defaults
  mode tcp
  default-server inter 5s fall 4
listen web
  bind 192.0.2.1:80-82,[2001:db8::1]:80
  balance leastconn
  stick-table type ip size 200k expire 30m
  stick on src
  option httpchk GET /up
  http-check send hdr Host www.example.com
  server a 10.0.0.2:8080 check weight 10 maxconn 100
  server b 10.0.0.3:8080 check port 9000 disabled
  server c 10.0.0.4:8080 backup
frontend f
  bind *:53
  default_backend b
backend b
  balance source
  hash-type consistent
  server x 10.0.0.5:80 check inter 2s
  server y [2001:db8::2]:80`,
  'nginx-stream': `stream {
  upstream u { least_conn; server 10.0.0.1:80 weight=5 max_conns=10 max_fails=3; server [2001:db8::9]:80 backup; server 10.0.0.3:80 down; }
  server { listen 192.0.2.1:80; listen 53 udp; proxy_pass u; proxy_timeout 3s; }
  server { listen 192.0.2.1:8000-8010; proxy_pass 10.0.0.5:$server_port; }
}`,
  loxilb: `{"lbAttr": [{"serviceArguments": {"externalIP": "192.0.2.1", "port": 80, "portMax": 85, "protocol": "tcp", "sel": 3, "mode": 0,
  "persistTimeout": 300, "monitor": true, "probetype": "http", "probereq": "health", "probeport": 8080, "probeTimeout": 5},
  "secondaryIPs": [{"secondaryIP": "192.0.2.9"}], "endpoints": [{"endpointIP": "10.0.0.1", "targetPort": 8080, "weight": 1}]}]}`,
  kubernetes: `kind: Service
metadata: {name: a}
spec:
  clusterIP: 10.96.0.1
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 100}}
  ports:
  - {name: http, port: 80, targetPort: 8080, protocol: TCP}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
kind: EndpointSlice
metadata: {name: a-1, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
ports:
- {name: http, port: 8080, protocol: TCP}
endpoints:
- {addresses: ["10.0.0.1"], conditions: {ready: true}}`,
};

const WORDS = [
  ...['0', '1', '-1', '65535', '65536', '99999', '2147483648', '4294967295', '4294967296', '99999999999', '1e9', '1.5', '080', '80-70'],
  ...['::', '0.0.0.0', '*', '255.255.255.255', '224.0.0.1', '127.0.0.1', 'fe80::1', '::ffff:10.0.0.1', '$A', '%', '@', '->'],
  ...['', '"', "'", '\\', '{', '}', '[', ']', ';', '#', '\0', '\n', '\r\n', '\t', '&a', '*a', '<<', '|', 'é', '\u202e', 'x'.repeat(300)],
  ...[
    'constructor',
    '__proto__',
    'toString',
    'null',
    'true',
    'rr',
    'mh',
    'sip',
    'tcp',
    'udp',
    'sctp',
    'gate',
    'masq',
    'ipip',
    'ssl',
    'check',
  ],
  ...['backup', 'weight', 'disabled', 'FFFFFFFF', 'include'],
];

/** One to three words are exchanged, taken out or repeated, or the file ends there. */
function spoilt(file: string, below: Random): string {
  let text = file;
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const words = [...text.matchAll(/[\w.:[\]/-]+|\s+|[^\w\s]/g)];
    const word = words[below(words.length + 1)];
    if (word === undefined) continue;
    const [before, after] = [text.slice(0, word.index), text.slice(word.index + word[0].length)];
    const kind = below(6);
    if (kind < 3) text = `${before}${WORDS[below(WORDS.length)] ?? ''}${after}`;
    else if (kind === 3) text = `${before}${after}`;
    else text = kind === 4 ? before : `${before}${word[0]}${text.slice(below(word.index + 1))}`;
  }
  return text;
}

const noNames = { host: () => undefined, port: () => undefined };
const sourceOf = (text: string): ImportSource => ({
  ...{ file: 'f', text, readIncluded: () => [] },
  parseCommand: (words) => parseCommand(words, noNames),
});

/** False: it was refused. */
async function isCarried(format: ImportFormat, text: string, below: Random): Promise<boolean> {
  const method = IMPORT_METHODS[below(IMPORT_METHODS.length)] ?? 'masq';
  const local = parseAddress('10.9.0.1') ?? assert.fail();
  const options = { method, vips: [parseAddress('192.0.2.77') ?? assert.fail()], localAddresses: method === 'fullnat' ? [local] : [] };
  const source = sourceOf(text);
  const imported = await importFormat(format, source, options).catch((error: unknown) => {
    if (!isWeirError(error)) throw error;
    return undefined;
  });
  if (imported === undefined || emptyImport(format, source, imported) !== undefined) return false;
  assert.deepEqual(
    readWeirFile(importedWeirText(imported)).faults.map((fault) => faultText('w', fault)),
    [],
  );
  importedKeepalivedText(imported);
  return true;
}

for (const format of IMPORT_FORMATS)
  test(`spoilt files of ${format}: refused, or carried so that weir reads it`, async () => {
    const below = randomFrom(20_261_201);
    assert.equal(await isCarried(format, FILES[format], () => 0), true);
    let carried = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const text = spoilt(FILES[format], below);
      try {
        if (await isCarried(format, text, below)) carried += 1;
      } catch (error) {
        throw new Error(`round ${round}:\n${text}`, { cause: error });
      }
    }
    assert.ok(carried > 0);
  });

/** For all of them, of which each has the size of a request: twenty times what they take. One alone took longer when its time grew by the square. */
const LIMIT_MS = 240_000;
const many = (count: number, line: (index: number) => string): string => Array.from({ length: count }, (_, index) => line(index)).join('');
const LONG: readonly (readonly [format: ImportFormat, text: string])[] = [
  [
    'haproxy',
    `${many(20_000, (at) => `frontend f${at}\n bind 10.0.0.1:${at + 1}\n default_backend b\n`)}backend b\n server a 10.0.0.9:80\n`,
  ],
  ['haproxy', `listen l\n bind ${many(60_000, (at) => `10.0.${at >> 8}.${at & 255}:80,`)}\n server a 10.0.0.9:80\n`],
  ['haproxy', `listen l\n${many(9000, () => ' bind 10.0.0.1:1-1024\n')} server a 10.0.0.9:80\n`],
  ['haproxy', `listen l\n bind 10.0.0.1:1-1024\n${many(20_000, (at) => ` server s${at} 10.1.${at >> 8}.${at & 255}:80\n`)}`],
  ['haproxy', `listen l\n bind 10.0.0.1:80\n server a 10.0.0.9:80\n${many(60_000, () => ' option tcplog\n')}`],
  ['nginx-stream', `stream {${many(9000, () => 'server { listen 10.0.0.1:1-1024; proxy_pass 10.0.0.9:80; }\n')}}`],
  [
    'loxilb',
    JSON.stringify({
      lbAttr: Array.from({ length: 4000 }, (_, at) => ({
        serviceArguments: { externalIP: `10.0.${at >> 8}.${at & 255}`, port: 1, portMax: 1024, protocol: 'tcp', mode: 0 },
        endpoints: [{ endpointIP: '10.0.0.9', targetPort: 80, weight: 1 }],
      })),
    }),
  ],
  ['ldirectord', many(20_000, (at) => `virtual=10.0.${at >> 8}.${at & 255}:80\n\treal=10.0.0.1->10.0.15.255:80 gate\n`)],
];

test('a long text of few words is imported in the time of its length, or refused where it makes too much', {
  timeout: LIMIT_MS,
}, async () => {
  for (const [index, [format, text]] of LONG.entries()) {
    const failure = await importFormat(format, sourceOf(text), { method: 'masq', vips: [] }).then(
      () => '',
      (error: Error) => error.message,
    );
    assert.match(failure, /^$|^f:\d+: this makes more than \d+ services and servers of the text$/, `${index} ${format}`);
  }
});
