import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../test/support/keepalived.js';
import { damageOf } from '../../../config/keepalived/diagnostics/damage.js';
import { refusalOf } from './refusal.js';

const GOOD = `virtual_server_group g {
  192.0.2.9 80
}
virtual_server group g {
  lb_algo rr
  protocol TCP
  real_server 10.0.0.4 80 {
  }
}
virtual_server 192.0.2.1 80 {
  lb_algo rr
  protocol TCP
  sorry_server 10.0.0.9 80
  real_server 10.0.0.2 80 {
    TCP_CHECK {
      connect_ip 10.0.0.22
      bindto 10.0.0.1
    }
  }
  real_server 10.0.0.3 80 {
    MISC_CHECK {
      misc_path /bin/true
    }
  }
}
`;

function read(text: string) {
  const { read: found, configuration } = readText(text);
  return { configuration, damage: damageOf(found.diagnostics, found.values) };
}

/** What a reload with one line changed would give up; undefined: it is taken. */
function lost(from: string, to: string, before = GOOD): string | undefined {
  assert.ok(before.includes(from), from);
  const why = refusalOf(read(before), { ...read(before.replace(from, to)), outcome: 'errors', messages: [] });
  return why === undefined ? undefined : (/would give up (.*) \(fix them/.exec(why)?.[1] ?? why);
}

test('a name where an address must stand takes no server, service, check or sorry server away', () => {
  assert.equal(lost('real_server 10.0.0.2', 'real_server web.example.org'), '[10.0.0.2]:tcp:80 of [192.0.2.1]:tcp:80');
  assert.equal(lost('virtual_server 192.0.2.1', 'virtual_server www.example.org'), 'virtual server [192.0.2.1]:tcp:80');
  assert.equal(lost('connect_ip 10.0.0.22', 'connect_ip web.example.org'), 'TCP_CHECK of [10.0.0.2]:tcp:80 of [192.0.2.1]:tcp:80');
  assert.equal(lost('bindto 10.0.0.1', 'bindto me.example.org'), 'TCP_CHECK of [10.0.0.2]:tcp:80 of [192.0.2.1]:tcp:80');
  assert.equal(lost('sorry_server 10.0.0.9', 'sorry_server sorry.example.org'), 'the sorry server of [192.0.2.1]:tcp:80');
  assert.equal(lost('192.0.2.9 80', 'www.example.org 80'), '192.0.2.9 port 80 of group g');
});

test('nor does a typing error in the word of a check', () => {
  assert.equal(lost('MISC_CHECK', 'MISK_CHECK'), 'MISC_CHECK of [10.0.0.3]:tcp:80 of [192.0.2.1]:tcp:80');
});

test('what an operator removes or changes goes, also beside errors that the file had before', () => {
  assert.equal(lost('real_server 10.0.0.2', 'real_server 10.0.0.7'), undefined);
  assert.equal(lost('sorry_server 10.0.0.9 80', ''), undefined);
  assert.equal(lost('connect_ip 10.0.0.22', 'connect_ip 10.0.0.23'), undefined);
  assert.equal(lost('real_server 10.0.0.2', 'real_server 10.0.0.7', `nonsense\n${GOOD}`), undefined);
});

test('an error that takes nothing away refuses nothing', () => {
  assert.equal(lost('lb_algo rr', 'lb_algo rr\n  nonsense'), undefined);
  assert.equal(lost('real_server 10.0.0.2', 'real_server new.example.org 80 {\n  }\n  real_server 10.0.0.2'), undefined);
});
