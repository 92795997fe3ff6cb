// The engine's configuration on a disk that refuses to be written.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ENGINE_MARKER, type EngineText } from '../../config/engine/engine-options.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { EngineFile } from './engine-file.js';

const LIMIT_BYTES = 4096;
const setFileLimit = (bytes: string): unknown => execFileSync('prlimit', [`--fsize=${bytes}:`, '--pid', String(process.pid)]);

test('where the disk is full the file before stays, and no half of a certificate is left for the next try', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-engine-file-'));
  try {
    const certificate = join(folder, 'certificates/a.pem');
    const made = (line: string, companions: EngineText['companions']): EngineText => ({
      text: `${ENGINE_MARKER}\n${line}\n`,
      losses: [],
      companions,
      generation: '',
    });
    const file = new EngineFile({ folder, name: 'engine.conf', examine: () => undefined });
    file.install(made('before', new Map()));
    const content = 'x'.repeat(2 * LIMIT_BYTES);
    const next = made(`certificate ${certificate}`, new Map([[certificate, content]]));
    setFileLimit(String(LIMIT_BYTES));
    try {
      for (const work of [() => file.install(next), () => file.check(next)])
        assert.throws(work, (error) => isWeirError(error) && /cannot be written in .*: EFBIG/.test(error.message));
    } finally {
      setFileLimit('unlimited');
    }
    assert.equal(readFileSync(file.path, 'utf8'), `${ENGINE_MARKER}\nbefore\n`);
    assert.deepEqual(readdirSync(join(folder, 'certificates')), []);
    file.install(next);
    assert.equal(readFileSync(certificate, 'utf8'), content);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
