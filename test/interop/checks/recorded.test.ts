// Whether what stands in for the kernel's IPVS (ipvs.c) is true: keepalived was recorded with it, and in an emulated machine whose kernel
// has IPVS. It must have decided the same, and its requests must make the same tables.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../../src/lab/state/paths.js';
import { KernelTable, tableText } from './table.js';

const linesOf = (name: string): readonly string[] =>
  readFileSync(join(projectRoot(), 'test', 'interop', 'checks', 'recorded', name), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

const kernel = linesOf('quorum.kernel.txt');
const standIn = linesOf('quorum.stand-in.txt');

/** What `ipvsadm -Sn` printed after each event, as `tableText` has it. */
function recordedTables(): readonly string[] {
  const tables: string[] = [];
  let service = '';
  let listed: string[] = [];
  const end = (): void => {
    if (service !== '') tables.push(`${service} → ${listed.sort().join(', ')}`);
    [service, listed] = ['', []];
  };
  for (const line of kernel) {
    const [, added, scheduler] = /^-A -t (\S+) -s (\w+)$/.exec(line) ?? [];
    const [, key, weight] = /^-a -t \S+ -r (\S+) -m -w (\d+)$/.exec(line) ?? [];
    if (added !== undefined) service = `TCP ${added} ${scheduler}`;
    else if (key !== undefined) listed.push(`${key} masq ${weight}`);
    else end();
  }
  return tables;
}

/** The table whenever keepalived begins with another event. */
function requestedTables(): { readonly tables: readonly string[]; readonly end: readonly string[] } {
  const table = new KernelTable();
  const tables: string[] = [];
  for (const line of standIn) {
    const [, request] = /^IPVS (.*)$/.exec(line) ?? [];
    if (request !== undefined) table.take(request.split(' '));
    else if (line.startsWith('TCP')) tables.push(tableText(table.table).join('; '));
  }
  return { tables: tables.filter((text, index) => text !== tables[index - 1]), end: tableText(table.table) };
}

test('keepalived decides the same with the kernel and with what stands in for it', () => {
  const decided = (lines: readonly string[]) => lines.filter((line) => /^[A-Z]/.test(line) && !line.startsWith('IPVS '));
  assert.ok(decided(kernel).length > 20);
  assert.deepEqual(decided(standIn), decided(kernel));
});

test('its requests make the tables that the kernel had', () => {
  const { tables, end } = requestedTables();
  const recorded = recordedTables();
  assert.equal(recorded.length, 6);
  assert.deepEqual(
    tables,
    recorded.filter((text, index) => text !== recorded[index - 1]),
  );
  assert.deepEqual(end, []);
});
