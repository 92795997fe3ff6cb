// The table of diagnostics: codes are unique across its rooms, and rows make texts of their details.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bfdDiagnostics } from './bfd-diagnostics.js';
import { electionDiagnostics } from './election-diagnostics.js';
import { globalDiagnostics } from './global-diagnostics.js';
import { hostDiagnostics } from './host-diagnostics.js';
import { networkDiagnostics } from './network-diagnostics.js';
import { diagnosticOf } from './report.js';
import { diagnosticTable } from './table.js';
import { textDiagnostics } from './text-diagnostics.js';
import { trackingDiagnostics } from './tracking-diagnostics.js';
import { valueDiagnostics } from './value-diagnostics.js';
import { virtualServerDiagnostics } from './virtual-server-diagnostics.js';
import { vrrpDiagnostics } from './vrrp-diagnostics.js';

const at = { file: 'k.conf', line: 3, column: 5 };

test('every code stands in one room, in lower case with dashes', () => {
  const rooms = [
    textDiagnostics,
    valueDiagnostics,
    globalDiagnostics,
    networkDiagnostics,
    trackingDiagnostics,
    vrrpDiagnostics,
    electionDiagnostics,
    bfdDiagnostics,
    virtualServerDiagnostics,
    hostDiagnostics,
  ];
  const codes = rooms.flatMap((room) => Object.keys(room));
  assert.deepEqual(
    codes.filter((code, index) => codes.indexOf(code) !== index),
    [],
  );
  assert.deepEqual(codes.length, Object.keys(diagnosticTable).length);
  for (const code of codes) assert.match(code, /^[a-z0-9]+(?:-[a-z0-9]+)*$/);
});

test('a diagnostic has its code and details beside the text', () => {
  const diagnostic = diagnosticOf('keyword-unknown', at, { keyword: 'priorty', near: 'priority' });
  const text = "Unknown keyword 'priorty'";
  const details = { keyword: 'priorty', near: 'priority' };
  assert.deepEqual(diagnostic, { code: 'keyword-unknown', severity: 'error', at, text, hint: "did you mean 'priority'?", details });
  assert.equal(diagnosticOf('vrrp-version-ipv6', at, { name: 'V' }, 'notice').severity, 'notice');
});
