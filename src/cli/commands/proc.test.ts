import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDirector, noStats } from '../../datapath/memory/memory-director.js';
import { parseAddress } from '../../model/address-text.js';
import { type Application, applicationsFile, cpuStatsFile, statsFile } from '../../model/proc-text.js';
import type { ConnectionEntry, DestinationKey } from '../../model/service.js';
import { memoryIo } from '../io.js';
import { runProc } from './proc.js';

function endpoint(host: string, port: number): DestinationKey {
  const address = parseAddress(host);
  assert.ok(address);
  return { address, port };
}

const connections: readonly ConnectionEntry[] = [
  {
    protocol: 'TCP',
    client: endpoint('10.0.1.10', 40000),
    virtual: endpoint('10.0.1.100', 80),
    destination: endpoint('10.0.2.11', 8080),
    state: 'ESTABLISHED',
    expires: 899,
  },
  {
    protocol: 'UDP',
    client: endpoint('2001:db8::10', 5060),
    virtual: endpoint('2001:db8::1', 5060),
    destination: endpoint('2001:db8::11', 5060),
    state: 'UDP',
    expires: 5,
    engine: { name: 'sip', data: 'abc' },
  },
];

async function file(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const io = memoryIo();
  const status = await runProc(args, io, () => new MemoryDirector({ connections }));
  return { status, stdout: io.stdout, stderr: io.stderr };
}

test('connections in hexadecimal', async () => {
  const v6 = '2001:0db8:0000:0000:0000:0000:0000:';
  assert.deepEqual((await file('ip_vs_conn')).stdout.split('\n'), [
    'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData',
    'TCP 0A00010A 9C40 0A000164 0050 0A00020B 1F90 ESTABLISHED     899',
    `UDP ${v6}0010 13C4 ${v6}0001 13C4 ${v6}0011 13C4 UDP               5 sip abc`,
    '',
  ]);
  assert.deepEqual((await file('ip_vs_conn_sync')).stdout.split('\n').slice(0, 2), [
    'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires',
    'TCP 0A00010A 9C40 0A000164 0050 0A00020B 1F90 ESTABLISHED LOCAL      899',
  ]);
});

test('totals in hexadecimal', () => {
  const stats = { ...noStats, conns: 255n, inPackets: 0x12345678n, inBytes: 0x123456789abn, connRate: 16n, outByteRate: 10n };
  assert.deepEqual(statsFile(stats).split('\n'), [
    '   Total Incoming Outgoing         Incoming         Outgoing',
    '   Conns  Packets  Packets            Bytes            Bytes',
    '      FF 12345678        0      123456789AB                0',
    '',
    ' Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s',
    '      10        0        0                0                A',
    '',
  ]);
  const perCpu = cpuStatsFile(stats, [noStats, stats]).split('\n');
  assert.equal(perCpu[2], '  0        0        0        0                0                0');
  assert.equal(perCpu[3], '  1       FF 12345678        0      123456789AB                0');
  assert.equal(perCpu[4], '  ~       FF 12345678        0      123456789AB                0');
  assert.equal(perCpu[7], '          10        0        0                0                A');
});

test('application helpers', async () => {
  assert.equal((await file('ip_vs_app')).stdout, 'prot port    usecnt name\n');
  const ftp = (port: number, used: number): Application => ({ protocol: 'TCP', port, used, name: 'ftp' });
  assert.deepEqual(applicationsFile([ftp(21, 3), ftp(2121, 0)]).split('\n'), [
    'prot port    usecnt name',
    'TCP  21      3      ftp              ',
    'TCP  2121    0      ftp              ',
    '',
  ]);
});

test('a file that there is not', async () => {
  for (const args of [[], ['ip_vs_x'], ['constructor'], ['ip_vs', 'ip_vs']]) {
    const { status, stderr } = await file(...args);
    assert.equal(status, 2);
    assert.equal(stderr, 'usage: weir proc ip_vs|ip_vs_app|ip_vs_conn|ip_vs_conn_sync|ip_vs_stats|ip_vs_stats_percpu\n');
  }
});
