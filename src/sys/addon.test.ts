import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { native } from './addon.js';

test('one addon for all callers of a thread', () => {
  assert.equal(native(), native());
});

test('an addon that cannot be loaded is one clear line', () => {
  const script = `try { (await import(${JSON.stringify(new URL('./addon.js', import.meta.url).href)})).native(); } catch (error) { console.log(String(error)); }`;
  const run = (addon: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: { ...process.env, WEIR_ADDON: addon } })
      .stdout;
  assert.match(
    run('/nowhere/weir.node'),
    /^WeirError: cannot load the addon: \/nowhere\/weir\.node: cannot open shared object file[^\n]*\n$/,
  );
  assert.match(run('/proc/self/cmdline'), /^WeirError: cannot load the addon: [^\n]+\n$/);
});
