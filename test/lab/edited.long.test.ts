// Thousands of connections while an operator changes the table without end, and while such commands are killed: none is lost.
import { test } from 'node:test';
import { noTools } from '../support/probes.js';
import { holds, natBed, on, service, until } from './beds.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns() || noTools('ab');

/** One round of commands after the other until the file `stop` is there; then their number is in `changes`. `n` counts them. */
const inRounds = (...commands: readonly string[]): string =>
  `(n=0; while [ ! -e "$HOME/stop" ]; do n=$((n + 1)); ${commands.join('; ')}; done; echo "$n" >"$HOME/changes") >"$HOME/operator" 2>&1 &`;

/** Changes the table continuously, without removing a server. */
const restless = inRounds(
  'ipvsadm -e -t 10.8.1.1:80 -r 10.8.2.11 -m -w $((1 + n % 3)) || exit 1',
  'ipvsadm -E -t 10.8.1.1:80 -s "$(echo rr wrr lc wlc | cut -d" " -f$((1 + n % 4)))" || exit 1',
  'ipvsadm -A -t 10.8.1.1:443 -s rr && ipvsadm -a -t 10.8.1.1:443 -r 10.8.2.12 -m && ipvsadm -D -t 10.8.1.1:443 || exit 1',
  'ipvsadm -Ln >/dev/null && ipvsadm -Z || exit 1',
);

/** Edits of a destination and of a service, each killed after 50 to 130 ms; in every other round a listing is not killed. */
const killed = inRounds(
  'timeout -s KILL "$(printf 0.%03d $((50 + n * 7 % 80)))" ipvsadm -e -t 10.8.1.1:80 -r 10.8.2.11 -m -w $((1 + n % 3))',
  'timeout -s KILL "$(printf 0.%03d $((50 + n * 11 % 80)))" ipvsadm -E -t 10.8.1.1:80 -s wrr',
  '[ $((n % 2)) = 0 ] || ipvsadm -Ln >/dev/null || echo "a table that cannot be read"',
);

for (const [what, operator] of [
  ['edited all the time', restless],
  ['edited by commands that are killed on the way', killed],
] as const) {
  test(`20,000 connections while the table is ${what}: none is lost`, { skip }, async () => {
    await holds(
      natBed(
        'edited',
        [
          ...service('10.8.2.11 -m', '10.8.2.12 -m'),
          on('lvs', operator),
          on('client', 'ab -q -n 20000 -c 100 http://10.8.1.1/', { contains: ['Complete requests: 20000', 'Failed requests: 0'] }, 300),
          on('lvs', 'touch "$HOME/stop"'),
          until('lvs', 'cat "$HOME/changes"', { matches: ['^[1-9]'] }, 60),
          on('lvs', 'grep -v "^Killed" "$HOME/operator"; true', { answers: [''] }),
          until('lvs', 'ipvsadm -Ln', { matches: ['^-> 10\\.8\\.2\\.11:80 Masq \\d 0 \\d+', '^-> 10\\.8\\.2\\.12:80 Masq 1 0 \\d+'] }, 60),
          { kind: 'served', expect: { '*': 20_000 } },
        ],
        false,
      ),
    );
  });
}
