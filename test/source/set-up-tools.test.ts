// Every tool that a test is skipped without is one that `./weir setup` brings: where that is not so, CI on a fresh machine calls the skip a failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, typescript } from '../support/project.js';

/** Tools that come with a command which the set-up looks for, or with every Debian and Ubuntu. */
const COME_ALONG: Readonly<Record<string, string>> = {
  tc: 'ip',
  ss: 'ip',
  bridge: 'ip',
  route: 'ifconfig',
  ip6tables: 'iptables',
  'iptables-legacy': 'iptables',
  'iptables-restore': 'iptables',
  'llvm-objdump': 'llvm-strip',
  setpriv: 'unshare',
  taskset: 'unshare',
  nsenter: 'unshare',
};
const OF_EVERY_SYSTEM = ['bash', 'perl', 'dpkg-deb', 'systemctl', 'systemd-analyze'];

/** What the rooms of building, labs and tests look for. */
function broughtBySetUp(): ReadonlySet<string> {
  const rooms = read('dev/setup.sh').matchAll(/^needs_of_(?:build|lab|test)\(\) \{\n([\s\S]*?)^\}/gm);
  return new Set([...rooms].flatMap(([, body = '']) => [...body.matchAll(/\bneed (\S+) \S/g)].map(([, word = '']) => word)));
}

/** What the tests in an emulated machine have besides. */
const broughtForGuests = (): readonly string[] =>
  [...read('test/vm/prepare').matchAll(/(\S+):\S+/g)].flatMap(([, word = '']) => (word.includes('/') ? [] : [word]));

test('every tool that a test is skipped without is brought by the set-up', () => {
  const brought = broughtBySetUp();
  const forGuests = broughtForGuests();
  const wanted = typescript()
    .filter((file) => file.startsWith('test/'))
    .flatMap((file) =>
      [...read(file).matchAll(/\bnoTools\(((?:'[^'\n]+'(?:,\s*)?)+)\)/g)].flatMap(([, names = '']) =>
        [...names.matchAll(/'([^']+)'/g)].map(([, name = '']) => ({ file, name })),
      ),
    );
  assert.ok(wanted.length > 40);
  const missing = wanted.filter(({ file, name }) => {
    if (file.startsWith('test/vm/') && forGuests.includes(name)) return false;
    return !brought.has(COME_ALONG[name] ?? name) && !OF_EVERY_SYSTEM.includes(name);
  });
  assert.deepEqual(
    missing.map(({ file, name }) => `${file}: ${name}`),
    [],
  );
});
