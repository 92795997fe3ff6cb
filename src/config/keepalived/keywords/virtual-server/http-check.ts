// HTTP_GET and SSL_GET: keepalived.conf(5), "CHECKERS".
import type { Keyword } from '../../keyword.js';

const tlsCompliant: Keyword = {
  name: 'tls_compliant',
  argument: { kind: 'boolean' },
  meaning: 'End the TLS session as the standard requires.',
  since: '2.2.8',
  messages: { invalid: 'Invalid tls_compliant option %v' },
};

const url: readonly Keyword[] = [
  { name: 'path', argument: { kind: 'text' }, meaning: 'What is requested.' },
  {
    name: 'digest',
    argument: { kind: 'text' },
    meaning: 'MD5 of the page, as `keepalived --genhash` makes it.',
    messages: { again: "Digest '%v' is a duplicate" },
  },
  {
    name: 'status_code',
    argument: { kind: 'words', min: 0 },
    repeated: true,
    default: '200-299',
    meaning: 'Accepted status codes: N and N-M, 100..599.',
  },
  {
    name: 'virtualhost',
    argument: { kind: 'text' },
    meaning: 'Host header of this request.',
    messages: { missing: 'Missing HTTP_GET virtualhost name' },
  },
  { name: 'regex', argument: { kind: 'raw' }, meaning: 'Regular expression (PCRE2) that the page must match.', messages: { missing: '' } },
  { name: 'regex_no_match', argument: { kind: 'flag' }, meaning: 'The page must not match.' },
  { name: 'regex_options', argument: { kind: 'words', min: 0 }, meaning: 'Options of the expression: caseless, multiline, dotall ….' },
  {
    name: 'regex_stack',
    argument: { kind: 'words', min: 0 },
    acted: 'accepted',
    because: 'weir limits the steps and the memory of an expression itself',
    meaning: 'START MAX: sizes of PCRE2’s stack.',
  },
  { name: 'regex_min_offset', argument: { kind: 'words', min: 0 }, meaning: 'Minimum offset of the match, in bytes.' },
  { name: 'regex_max_offset', argument: { kind: 'words', min: 0 }, meaning: 'Maximum offset of the match, in bytes.' },
  tlsCompliant,
];

export const httpKeywords: readonly Keyword[] = [
  { name: 'url', argument: { kind: 'block', label: 0, keywords: () => url }, repeated: true, meaning: 'A page; all pages must succeed.' },
  {
    name: 'virtualhost',
    argument: { kind: 'text' },
    meaning: 'Host header of the requests.',
    messages: { missing: 'HTTP_GET virtualhost name missing' },
  },
  {
    name: 'http_protocol',
    argument: { kind: 'choice', of: ['1.0', '1.0C', '1.1', '1.0c'] },
    default: '1.0',
    meaning: 'HTTP version; C: with `Connection: close`.',
    messages: { missing: 'Missing http_protocol version', invalid: 'Invalid http_protocol version %v' },
  },
  {
    name: 'fast_recovery',
    argument: { kind: 'boolean' },
    meaning: 'A server that was down is up once all pages succeed, without a delay between them.',
    messages: { invalid: 'Invalid fast_recovery parameter %v' },
  },
  { name: 'nb_get_retry', argument: { kind: 'words', min: 1 }, repeated: true, meaning: 'Old: retry.' },
  {
    name: 'enable_sni',
    argument: { kind: 'boolean' },
    meaning: 'SSL_GET: send the server name in the handshake (SNI).',
    messages: { invalid: 'Invalid enable_sni parameter %v' },
  },
  {
    name: 'sni_name',
    argument: { kind: 'text' },
    meaning: 'Server name in the handshake, if it differs from virtualhost.',
    since: 'after 2.4.3',
  },
];

const verification: readonly Keyword[] = [
  {
    name: 'verify',
    argument: { kind: 'boolean' },
    default: 'off',
    meaning: "The server's certificate must be valid: not expired, signed by a known authority, and of the expected name. weir's own.",
    messages: { invalid: 'Invalid verify parameter %v' },
  },
  {
    name: 'verify_host',
    argument: { kind: 'text', alone: true },
    meaning:
      "Name or address that the certificate must have. Default: sni_name, else virtualhost as in the Host header; without one no name is checked. weir's own.",
    messages: { missing: 'verify_host name missing' },
  },
  {
    name: 'verify_ca',
    argument: { kind: 'text', alone: true },
    meaning: "File of the authorities' certificates (PEM). Default: `ca` of the SSL block, else those of the system. weir's own.",
    messages: { missing: 'verify_ca file missing' },
  },
  {
    name: 'verify_warning',
    argument: { kind: 'integer', min: 0, max: 3650 },
    default: '0',
    meaning: "Days before the certificate's end from which on a warning is logged every day; 0: none. weir's own.",
  },
];

export const sslKeywords: readonly Keyword[] = [...httpKeywords, tlsCompliant, ...verification];
