import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../../test/support/keepalived.js';
import { formatAddress } from '../../../../model/address-text.js';

function members(lines: string) {
  const { configuration, reported } = readText(`virtual_server_group G {\n${lines}\n}\n`);
  const read = configuration.virtualServerGroups[0]?.members.map((member) =>
    member.kind === 'range'
      ? `${formatAddress(member.first)} x${member.count} :${member.port}`
      : `mark ${member.mark}${member.family === undefined ? '' : ` ${member.family}`}`,
  );
  return { read, reported };
}

test('addresses, ranges and networks', () => {
  const forms: readonly (readonly [string, string])[] = [
    ['10.1.0.1 80', '10.1.0.1 x1 :80'],
    ['10.1.0.1', '10.1.0.1 x1 :0'],
    ['10.1.0.1-9 80', '10.1.0.1 x9 :80'],
    ['10.1.0.1-10.1.1.9 80', '10.1.0.1 x265 :80'],
    ['10.1.0.0/29 80', '10.1.0.0 x8 :80'],
    ['10.1.0.0/32 80', '10.1.0.0 x1 :80'],
    ['2001:db8::1-ff 80', '2001:db8::1 x255 :80'],
    ['2001:db8::1-2001:db8::5 80', '2001:db8::1 x5 :80'],
    ['2001:db8::/126 80', '2001:db8:: x4 :80'],
    ['fwmark 3', 'mark 3'],
    ['fwmark 3 inet6', 'mark 3 inet6'],
  ];
  for (const [line, expected] of forms) assert.deepEqual(members(line), { read: [expected], reported: [] }, line);
});

test('invalid members are reported and left out', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['10.1.0.1 abc', 'Invalid virtual server group IP address 10.1.0.1 /port/abc - skipping'],
    ['10.1.0.1:80', 'Invalid virtual server group IP address 10.1.0.1:80  - skipping'],
    ['10.1.0.5-5 80', 'Address range end is not greater than address range start - 10.1.0.5-5 - skipping'],
    ['10.1.0.9-10.1.0.1 80', 'Address range end is less than address range start - 10.1.0.9-10.1.0.1 - skipping'],
    ['10.1.0.1-256 80', "Virtual server group range '10.1.0.1-256' end '256' too large"],
    ['10.1.0.1-5x 80', "Virtual server group range '10.1.0.1-5x' has extra characters at end 'x'"],
    ['10.1.0.1-fe80::1 80', 'Invalid virtual server group IP address 10.1.0.1-fe80::1 /port/80 - skipping'],
    ['10.1.0.1/29 80', 'Address mask bits not empty - 10.1.0.1/29 - skipping'],
    ['10.1.0.0/33 80', 'Invalid netmask - 10.1.0.0/33 - skipping'],
    ['10.0.0.1-10.255.255.255 80', 'Address range 10.0.0.1-10.255.255.255 is too large - skipping'],
    ['2001:db8::/32 80', 'Address range 2001:db8::/32 is too large - skipping'],
    ['fwmark 1 inet5', "(G): fwmark '1' family inet5 unknown - ignoring"],
    ['fwmark abc', "(G): fwmark 'abc' must be in [0, 4294967295] - ignoring"],
  ];
  for (const [line, text] of wrong) {
    const { read, reported } = members(`${line}\n10.9.9.9 80`);
    assert.deepEqual(read, ['10.9.9.9 x1 :80'], line);
    assert.ok(reported.includes(text), `${line}: ${reported.join('; ')}`);
  }
});

test('impossible groups are removed', () => {
  assert.deepEqual(members('').reported, ['virtual server group G has no entries - removing']);
  assert.deepEqual(members('10.1.0.1 80\n2001:db8::1 80\nfwmark 1').reported, [
    'virtual server group G cannot have IPv4, IPv6 and fwmark without family - removing',
  ]);
});
