// The text about a certificate: one clause, without what a hostile server would write into a log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerCertificate } from 'node:tls';
import { certificateFault, endingSoon } from './certificate-fault.js';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const certificate = (more: object = {}): PeerCertificate =>
  ({
    raw: Buffer.of(1),
    subject: { CN: 'www.example.org' },
    issuer: { CN: 'Root' },
    subjectaltname: 'DNS:www.example.org, IP Address:0:0:0:0:0:0:0:1',
    valid_from: 'Nov  1 00:00:00 2026 GMT',
    valid_to: 'Dec  1 08:00:00 2026 GMT',
    ...more,
  }) as never;
const fault = (more: object, chain?: string, host?: string): string | undefined =>
  certificateFault(certificate(more), chain, host === undefined ? {} : { host }, NOW);

test('nothing is wrong', () => {
  assert.equal(fault({}), undefined);
  assert.equal(fault({}, undefined, 'WWW.example.org'), undefined);
  assert.equal(fault({}, undefined, '::1'), undefined);
  assert.match(fault({}, undefined, '::2') ?? '', /^certificate is not for '::2' but for /);
});

test('no certificate at all, whatever is wanted of it', () =>
  assert.equal(certificateFault({} as never, undefined, {}, NOW), 'no certificate was shown'));

test('the date is only named where it is the certificate’s own', () => {
  assert.equal(fault({ valid_to: 'Nov 20 00:00:00 2026 GMT' }, 'CERT_HAS_EXPIRED'), 'certificate has expired on 2026-11-20');
  assert.equal(fault({}, 'CERT_HAS_EXPIRED'), 'certificate of its authority has expired');
  assert.equal(fault({ valid_from: 'Nov 22 00:00:00 2026 GMT' }, 'CERT_NOT_YET_VALID'), 'certificate is not valid before 2026-11-22');
  assert.equal(fault({}, 'CERT_NOT_YET_VALID'), 'certificate of its authority is not valid yet');
});

test('a fault that has no text of its own has OpenSSL’s name', () => {
  assert.equal(fault({}, 'PATH_LENGTH_EXCEEDED'), 'certificate is not valid (path length exceeded)');
});

test('names of a hostile server are cut, and are one printable line', () => {
  const many = Array.from({ length: 5000 }, (_, at) => `DNS:h${at}.example`).join(', ');
  assert.ok((fault({ subjectaltname: many }, undefined, 'a.example') ?? '').length < 250);
  const text = fault({ issuer: { CN: 'Evil\nRoot\u001b[31m\u202e' } }, 'SELF_SIGNED_CERT_IN_CHAIN');
  assert.equal(text, "certificate is from 'Evil?Root?[31m?', which leads to no known authority");
  assert.equal(fault({ issuer: {} }, 'SELF_SIGNED_CERT_IN_CHAIN'), "certificate is from '?', which leads to no known authority");
  assert.equal(
    fault({ issuer: { CN: ['a', 'b'] } }, 'SELF_SIGNED_CERT_IN_CHAIN'),
    "certificate is from '?', which leads to no known authority",
  );
});

test('it ends soon: whole days, from as many on as are wanted', () => {
  const ends = (warningDays?: number): string | undefined =>
    endingSoon(certificate(), warningDays === undefined ? {} : { warningDays }, NOW);
  assert.deepEqual([ends(), ends(10)], [undefined, undefined]);
  assert.equal(ends(11), 'certificate ends on 2026-12-01, in 10 days');
  assert.equal(
    endingSoon(certificate(), { warningDays: 14 }, Date.parse('2026-11-29T09:00:00Z')),
    'certificate ends on 2026-12-01, in 1 day',
  );
});
