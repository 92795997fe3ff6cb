// enable_script_security: which paths of scripts Debian's keepalived takes for insecure, and which ours. Links of Debian's alternatives are not.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bed, type Host } from '../support/netns-bed.js';
import { type Maker, program, skipWithoutPeer } from './harness.js';

const why = skipWithoutPeer();
let bed: Bed;
let host: Host;
let folder: string;

before(() => {
  if (why !== false) return;
  bed = new Bed();
  host = bed.host('scripts');
  bed.cable(host, 'eth', bed.lan('lan'), '10.99.0.1/24');
  folder = mkdtempSync(join(tmpdir(), 'weir-scripts-'));
  const at = (name: string): string => join(folder, name);
  for (const name of ['bin', 'alternatives', 'real', 'open']) mkdirSync(at(name));
  chmodSync(at('open'), 0o777);
  for (const name of ['real/ok', 'real/world', 'open/script']) {
    writeFileSync(at(name), '#!/bin/sh\nexit 0\n');
    chmodSync(at(name), name === 'real/world' ? 0o777 : 0o755);
  }
  symlinkSync(at('alternatives/ok'), at('bin/alternative'));
  symlinkSync(at('real/ok'), at('alternatives/ok'));
  symlinkSync('../real/ok', at('bin/relative'));
  symlinkSync(at('real'), at('folder'));
  symlinkSync(at('open/script'), at('bin/to-open'));
  symlinkSync(at('real/world'), at('bin/to-world'));
});
after(() => {
  if (why !== false) return;
  bed.close();
  rmSync(folder, { recursive: true });
});

/** Whether -t disables a track script of this path, and its exit status. */
function judged(
  maker: Maker,
  path: string,
  security: boolean,
): { readonly disabled: boolean; readonly insecure: boolean; readonly status: number } {
  const file = join(folder, 'keepalived.conf');
  const lines = ['global_defs {', '  script_user root', security ? '  enable_script_security' : '', '}'];
  lines.push('vrrp_script chk {', `  script "${path}"`, '}');
  lines.push('vrrp_instance VI_1 {', '  interface eth', '  virtual_router_id 51', '  track_script {', '    chk', '  }');
  lines.push('  virtual_ipaddress {', '    10.99.0.100/24', '  }', '}', '');
  writeFileSync(file, lines.join('\n'));
  const { stdout, stderr, status } = host.run([program(maker), '-t', '-f', file]);
  const text = `${stdout}${stderr}`;
  return { disabled: /Disabling track script chk due to insecure/.test(text), insecure: /There are insecure scripts/.test(text), status };
}

for (const [name, disabled] of [
  ['real/ok', false],
  ['bin/alternative', false],
  ['bin/relative', false],
  ['folder/ok', false],
  ['open/../real/ok', false],
  ['real/world', true],
  ['open/script', true],
  ['bin/to-open', true],
  ['bin/to-world', true],
] as const)
  test(`${name} is ${disabled ? 'insecure' : 'secure'}`, { skip: why }, () => {
    const path = `${folder}/${name}`; // as written: join would take the dots out
    const weir = judged('weir', path, true);
    assert.equal(weir.disabled, disabled);
    assert.deepEqual(weir, judged('debian', path, true));
    assert.deepEqual(judged('weir', path, false), judged('debian', path, false));
  });
