#!/usr/bin/node
// WANT_JSON: Ansible passes the path of a file with the arguments. Facts of a director, by weir status and weir export. It changes nothing.
'use strict';
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');

/** Exit statuses of weir status. */
const [LOADED, NOT_LOADED, OTHER_BUILD] = [0, 3, 4];

class Failure extends Error {}

function weir(executable, words, statuses) {
  const { status, stdout, stderr, error } = spawnSync(executable, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw new Failure(`${executable}: ${error.message}; the role weir.director.weir installs weir`);
  if (!statuses.includes(status)) throw new Failure(`${executable} ${words[0]}: ${stderr.trim() || `exit status ${status}`}`);
  return { status, stdout };
}

function main() {
  const all = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const unknown = Object.keys(all).find((name) => !name.startsWith('_ansible_') && name !== 'executable');
  if (unknown !== undefined) throw new Failure(`unknown argument ${unknown}; there is executable`);
  const executable = all.executable ?? 'weir';
  const { status, stdout } = weir(executable, ['status', '--json'], [LOADED, NOT_LOADED, OTHER_BUILD]);
  const loaded = status === LOADED;
  const document = loaded ? weir(executable, ['export'], [0]).stdout : '';
  return { changed: false, ansible_facts: { weir: { loaded, status: JSON.parse(stdout), document } } };
}

let result;
try {
  result = main();
} catch (error) {
  result = { failed: true, changed: false, msg: error instanceof Failure ? error.message : error.stack };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = result.failed ? 1 : 0;
