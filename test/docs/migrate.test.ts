// docs/migrate.md: its Chinese page, and the lines about NAT, typed in network namespaces. (The others: migrate.long.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHINESE, ENGLISH, sectionNamed, sectionsOf } from './migrate-page.js';
import { procedure, startWebs } from './procedure.js';

test('the Chinese page has the same lines, with the same verdicts', () => {
  const lines = (sections: typeof english) => sections.map(({ parts }) => parts);
  const english = sectionsOf(ENGLISH);
  assert.ok(english.flatMap(({ parts }) => parts.flatMap(({ rows }) => rows)).length > 80);
  assert.deepEqual(lines(sectionsOf(CHINESE)), lines(english));
});

procedure('NAT', 'nat', async (at) => {
  await startWebs(at);
  await at.web(at.client, 8080);
  await at.follow(sectionNamed('NAT'));
  const url = 'http://192.168.88.5/';
  assert.deepEqual(at.names(6, url), ['web1', 'web1', 'web2', 'web2', 'web2', 'web2']);
  assert.match(at.ask(1, url)[0] ?? '', / 192\.168\.88\.10$/);
  // What a server begins is masqueraded by the rule.
  assert.match(at.type(at.servers[0], 'curl -s -m 20 http://192.168.88.10:8080/'), /^client1 192\.168\.88\.5$/m);
  at.type(at.director, 'echo 0 > /proc/sys/net/ipv4/ip_forward; weir load');
  assert.equal(at.names(3, url).length, 3);
});
