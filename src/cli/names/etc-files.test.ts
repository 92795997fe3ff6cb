import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../model/address-text.js';
import { addressId } from '../../model/identity.js';
import { parseHosts, parseSearchList, parseServices } from './etc-files.js';

function id(text: string): string {
  const address = parseAddress(text);
  assert.ok(address);
  return addressId(address);
}

test('/etc/hosts: the first line counts, names in any case, IPv4 for addresses', () => {
  const { names, addresses } = parseHosts(
    '127.0.0.1\tlocalhost\n# no\n10.0.0.1 web Web-1 # x\n10.0.0.1 other\n10.0.0.2 web\n::1 localhost6 ip6\nrubbish x\n10.0.0.3\n',
  );
  assert.equal(names.get(id('10.0.0.1')), 'web');
  assert.equal(names.get(id('::1')), 'localhost6');
  assert.equal(names.get(id('10.0.0.3')), undefined);
  assert.deepEqual(addresses.get('web-1')?.words, [0x0a000001]);
  assert.deepEqual(addresses.get('web')?.words, [0x0a000001]);
  assert.equal(addresses.get('ip6'), undefined);
});

test('/etc/services: names and aliases by protocol', () => {
  const { ports, names } = parseServices('# c\nhttp\t80/tcp\twww\t# web\nhttp 80/udp\nwebcache 80/tcp\nbad line\ndomain 53/udp\n');
  assert.equal(ports.get('www/tcp'), 80);
  assert.equal(ports.get('www/udp'), undefined);
  assert.equal(names.get('80/tcp'), 'http');
  assert.equal(ports.get('webcache/tcp'), 80);
  assert.equal(names.get('53/tcp'), undefined);
});

test('/etc/resolv.conf: the last search or domain line', () => {
  assert.deepEqual(parseSearchList('nameserver 10.0.0.1\ndomain a.example\nsearch b.example c.example\n'), ['b.example', 'c.example']);
  assert.deepEqual(parseSearchList(''), []);
});
