// A text of which no service comes is refused: as one of another format by its first line, else by what it lacks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyImport } from './empty-import.js';
import { importHaproxy } from './haproxy.js';
import type { Imported, ImportOptions } from './imported.js';
import { importKubernetes } from './kubernetes.js';
import { importLdirectord } from './ldirectord.js';
import { importLoxilb } from './loxilb.js';
import { importNginxStream } from './nginx-stream.js';
import { importProc } from './proc.js';

const options: ImportOptions = { method: 'masq', vips: [] };
const FORMATS: Readonly<Record<string, (text: string) => Imported>> = {
  haproxy: (text) => importHaproxy('f', text, options),
  kernel: (text) => importProc('f', text),
  kubernetes: (text) => importKubernetes('f', text, options),
  ldirectord: (text) => importLdirectord('f', text),
  loxilb: (text) => importLoxilb('f', text),
  'nginx-stream': (text) => importNginxStream({ file: 'f', text }, () => undefined, options),
};
const refusal = (format: string, text: string): string | undefined =>
  emptyImport(format, { file: 'f', text }, FORMATS[format]?.(text) ?? assert.fail())?.message;

const PASSWD = '\nroot:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n';
const HAPROXY = '# a\nglobal\n  daemon\nlisten web\n  mode tcp\n  bind 192.0.2.1:80\n  server a 10.0.0.2:80\n';
const LDIRECTORD = 'checktimeout=3\nvirtual=192.0.2.1:80\n\treal=10.0.0.2:80 gate\n';

test('a text of another format is refused by its first line', () => {
  for (const [format, text, line] of [
    ['ldirectord', PASSWD, '2: this is not of the format ldirectord: root:x:0:0:root:/root:/bin/bash'],
    ['haproxy', PASSWD, '2: this is not of the format haproxy: root:x:0:0:root:/root:/bin/bash'],
    ['ldirectord', HAPROXY, '2: this is not of the format ldirectord: global'],
    ['haproxy', LDIRECTORD, '1: this is not of the format haproxy: checktimeout=3'],
    ['kubernetes', '# x\nversion: 3\nservices: {}\n', '2: this is not of the format kubernetes: version: 3'],
    ['loxilb', '{"a": 1}', '1: this is not of the format loxilb: {"a": 1}'],
    ['nginx-stream', 'virtual a;', '1: this is not of the format nginx-stream: virtual a'],
  ] as const)
    assert.equal(refusal(format, text), `f:${line}`);
});

test('a text of the format without a service is refused, too', () => {
  for (const [format, text] of [
    ['haproxy', ''],
    ['haproxy', '# comments\n'],
    ['haproxy', 'defaults\n  mode tcp\n'],
    ['haproxy', 'global\n'],
    ['haproxy', 'listen web\n  mode http\n  bind :80\n'],
    ['ldirectord', 'checktimeout=3\n'],
    ['ldirectord', 'virtual=www.example.com:80\n'],
    ['nginx-stream', 'events {}\nhttp {}\n'],
    ['nginx-stream', 'stream {}\n'],
    ['loxilb', '{"lbAttr": []}'],
    ['kubernetes', 'kind: List\nitems: []\n'],
    ['kernel', 'IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n'],
  ] as const)
    assert.match(refusal(format, text) ?? '', /^f: no service comes of it by the format \S+, and nothing is written: /, text);
});

test('one service is enough, whatever else is there', () => {
  assert.equal(refusal('haproxy', HAPROXY), undefined);
  assert.equal(refusal('ldirectord', `nonsense\n${LDIRECTORD}`), undefined);
});
