#!/usr/bin/node
// WANT_JSON: Ansible passes the path of a file with the arguments. Facts of a director, by weir status and weir export. It changes nothing.
'use strict';
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');

/** Exit statuses of weir status. */
const [LOADED, NOT_LOADED, OTHER_BUILD] = [0, 3, 4];
/** Exit statuses of weir export: all of the table, or without what others keep. */
const [WHOLE, PARTLY] = [0, 3];

class Failure extends Error {}

function weir(executable, words, statuses) {
  const { status, stdout, stderr, error } = spawnSync(executable, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw new Failure(`${executable}: ${error.message}; the role weir.director.weir installs weir`);
  if (!statuses.includes(status)) throw new Failure(stderr.trim() || `${executable} ${words[0]}: exit status ${status}`);
  return { status, stdout };
}

function main() {
  const all = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const unknown = Object.keys(all).find((name) => !name.startsWith('_ansible_') && name !== 'executable');
  if (unknown !== undefined) throw new Failure(`unknown argument ${unknown}; there is executable`);
  const executable = all.executable ?? 'weir';
  const { status, stdout } = weir(executable, ['status', '--json'], [LOADED, NOT_LOADED, OTHER_BUILD]);
  const loaded = status === LOADED;
  const exported = loaded ? JSON.parse(weir(executable, ['export', '--json'], [WHOLE, PARTLY]).stdout) : { text: '', losses: [] };
  const facts = { changed: false, ansible_facts: { weir: { loaded, status: JSON.parse(stdout), document: exported.text } } };
  return exported.losses.length === 0 ? facts : { ...facts, warnings: exported.losses };
}

let result;
try {
  result = main();
} catch (error) {
  result = { failed: true, changed: false, msg: error instanceof Failure ? error.message : error.stack };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = result.failed ? 1 : 0;
