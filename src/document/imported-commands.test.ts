// What `ipvsadm -Sn` and `weir export --format ipvsadm` print → services and timeouts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyKeepalived } from '../config/import/empty-import.js';
import { importedTable } from '../config/import/imported.js';
import { importedKeepalivedText } from '../config/import/write-keepalived.js';
import { parseCommand } from '../config/ipvsadm/grammar.js';
import { writeTable } from '../config/weir/write-table.js';
import { commandLines } from './export-formats.js';
import { importCommands } from './imported-commands.js';

const importIpvsadm = (text: string) =>
  importCommands('d.rules', text, (words) => parseCommand(words, { host: () => undefined, port: () => undefined }));

test('--set becomes the timeouts of each format; the last value other than 0 counts', async () => {
  const commands = ['--set 1200 60 0', '--set 0 0 200', '-A -t 1.2.3.4:80 -s rr'];
  const imported = await importIpvsadm(commands.join('\n'));
  assert.deepEqual(
    imported.lines.map(({ line, status }) => `${line} ${status}`),
    ['1 exact', '2 exact', '3 exact'],
  );
  const table = importedTable(imported);
  assert.deepEqual(table.timeouts, { tcp: 1200, tcpFin: 60, udp: 200 });
  assert.match(writeTable(table), /^timeouts:\n {2}tcp: 20m\n {2}tcp_fin: 1m\n {2}udp: 200s\n/);
  assert.match(importedKeepalivedText(imported), /lvs_timeouts tcp 1200 tcpfin 60 udp 200\n/);
  assert.deepEqual(commandLines(table), ['--set 1200 60 200', '-A -t 1.2.3.4:80 -s rr']);
  assert.equal(importedTable(await importIpvsadm('-A -t 1.2.3.4:80\n')).timeouts, undefined);
});

test('a service without a server that a keepalived.conf can hold is not in it, where it would refuse its clients', async () => {
  const fullnat = '-A -t 1.2.3.4:80\n-a -t 1.2.3.4:80 -r 10.0.0.2:80 --fullnat --local-address 10.0.0.1\n';
  const mixed = await importIpvsadm(`${fullnat}-A -t 1.2.3.4:81\n-a -t 1.2.3.4:81 -r 10.0.0.2:80 -m\n-A -t 1.2.3.4:82\n`);
  assert.deepEqual(importedKeepalivedText(mixed).match(/virtual_server .*/g), ['virtual_server 1.2.3.4 81 {']);
  assert.equal(emptyKeepalived('f', mixed), undefined);
  const alone = emptyKeepalived('f', await importIpvsadm(fullnat));
  assert.match(alone?.message ?? '', /^f: a keepalived\.conf can hold none of its services, and nothing is written/);
});

test('lines that begin with # are comments, and what is of no table is not exact', async () => {
  const text =
    '# saved by cron\n-A -t 1.2.3.4:80\n#-a -t 1.2.3.4:80 -r 10.0.0.2\n--start-daemon master --mcast-interface lo\n-Z\n-Ln\n # x\n';
  const { services, lines } = await importIpvsadm(text);
  assert.deepEqual(
    lines.map(({ line, status }) => `${line} ${status}`),
    ['2 exact', '4 lost', '5 equivalent', '6 refused', '7 refused'],
  );
  assert.deepEqual(
    services.map(({ destinations }) => destinations.length),
    [0],
  );
});
