import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptionRows, readUsage } from './usage-text.js';

test('a usage is read as forms, options and prose', () => {
  const text = `usage: weir top [--sort KEY]
                [--once]
       rates of every service and server, drawn again every second in a terminal, and
       printed once elsewhere
       --sort KEY   by which they are sorted:
                    conns or name
       --a, --b VALUE  both
       weir top --follow [FILTER ...]
       looks once a second
       exit status: 0 ended
`;
  assert.deepEqual(readUsage(text), {
    forms: ['weir top [--sort KEY] [--once]', 'weir top --follow [FILTER ...]'],
    blocks: [
      { kind: 'prose', text: 'rates of every service and server, drawn again every second in a terminal, and printed once elsewhere' },
      { kind: 'item', term: '--sort KEY', text: 'by which they are sorted: conns or name' },
      { kind: 'item', term: '--a, --b VALUE', text: 'both' },
      { kind: 'item', term: 'weir top --follow [FILTER ...]', text: 'looks once a second' },
      { kind: 'prose', text: 'exit status: 0 ended' },
    ],
  });
});

test('forms with what they do behind them, and several on a line', () => {
  const text = `usage: weir vip add    ADDR --dev IF [--force]   adds it   or: weir vip del ADDR
       TUNNEL: --mode tun
`;
  assert.deepEqual(readUsage(text), {
    forms: ['weir vip add ADDR --dev IF [--force]', 'weir vip del ADDR'],
    blocks: [
      { kind: 'item', term: 'weir vip add ADDR --dev IF [--force]', text: 'adds it' },
      { kind: 'prose', text: 'TUNNEL: --mode tun' },
    ],
  });
});

test('rows of options in the columns of ipvsadm and of keepalived', () => {
  const text = `Usage:
  ipvsadm -C
Commands:
  --list            -L|-l     list the table
Options:
  --scheduler    -s scheduler         one of rr|wrr,
                                      the default scheduler is wlc.
  -t, --config-test[=LOG_FILE] Check the configuration
  -S, --log-facility=([0-7]|local[0-7])
                               Set the facility
`;
  const rows = readOptionRows(text);
  assert.deepEqual(rows.get('Commands'), [{ kind: 'item', term: '--list -L|-l', text: 'list the table' }]);
  assert.deepEqual(rows.get('Options'), [
    { kind: 'item', term: '--scheduler -s scheduler', text: 'one of rr|wrr, the default scheduler is wlc.' },
    { kind: 'item', term: '-t, --config-test[=LOG_FILE]', text: 'Check the configuration' },
    { kind: 'item', term: '-S, --log-facility=([0-7]|local[0-7])', text: 'Set the facility' },
  ]);
});
