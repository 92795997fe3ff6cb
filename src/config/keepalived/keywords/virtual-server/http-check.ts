// HTTP_GET and SSL_GET: keepalived.conf(5), "CHECKERS".
import type { Keyword } from '../../keyword.js';

const tlsCompliant: Keyword = {
  name: 'tls_compliant',
  argument: { kind: 'boolean' },
  meaning: 'End the TLS session as the standard has it.',
  since: '2.2.8',
  messages: { invalid: 'Invalid tls_compliant option %v' },
};

const url: readonly Keyword[] = [
  { name: 'path', argument: { kind: 'text' }, meaning: 'What is asked for.' },
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
    meaning: 'Good statuses: N and N-M, 100..599.',
  },
  {
    name: 'virtualhost',
    argument: { kind: 'text' },
    meaning: 'Host: of this request.',
    messages: { missing: 'Missing HTTP_GET virtualhost name' },
  },
  { name: 'regex', argument: { kind: 'raw' }, meaning: 'A regular expression (PCRE2) the page must match.', messages: { missing: '' } },
  { name: 'regex_no_match', argument: { kind: 'flag' }, meaning: 'The page must not match.' },
  { name: 'regex_options', argument: { kind: 'words', min: 0 }, meaning: 'Options of the expression: caseless, multiline, dotall ….' },
  {
    name: 'regex_stack',
    argument: { kind: 'words', min: 0 },
    acted: 'accepted',
    because: 'health checks are not run yet',
    meaning: 'START MAX: sizes of PCRE2’s stack.',
  },
  { name: 'regex_min_offset', argument: { kind: 'words', min: 0 }, meaning: 'Where the match may begin at the earliest, bytes.' },
  { name: 'regex_max_offset', argument: { kind: 'words', min: 0 }, meaning: 'Where the match may begin at the latest, bytes.' },
  tlsCompliant,
];

export const httpKeywords: readonly Keyword[] = [
  { name: 'url', argument: { kind: 'block', label: 0, keywords: () => url }, repeated: true, meaning: 'A page; all must be good.' },
  {
    name: 'virtualhost',
    argument: { kind: 'text' },
    meaning: 'Host: of the requests.',
    messages: { missing: 'HTTP_GET virtualhost name missing' },
  },
  {
    name: 'http_protocol',
    argument: { kind: 'choice', of: ['1.0', '1.0C', '1.1', '1.0c'] },
    default: '1.0',
    meaning: 'The version of HTTP; C: with `Connection: close`.',
    messages: { missing: 'Missing http_protocol version', invalid: 'Invalid http_protocol version %v' },
  },
  {
    name: 'fast_recovery',
    argument: { kind: 'boolean' },
    meaning: 'A server that was down is up when all pages were good once, without the delay between them.',
    messages: { invalid: 'Invalid fast_recovery parameter %v' },
  },
  { name: 'nb_get_retry', argument: { kind: 'words', min: 1 }, repeated: true, meaning: 'Old: retry.' },
  {
    name: 'enable_sni',
    argument: { kind: 'boolean' },
    meaning: 'SSL_GET: name the server in the handshake.',
    messages: { invalid: 'Invalid enable_sni parameter %v' },
  },
  {
    name: 'sni_name',
    argument: { kind: 'text' },
    meaning: 'The name of the handshake, where it is not the virtualhost.',
    since: 'after 2.4.3',
  },
];

export const sslKeywords: readonly Keyword[] = [...httpKeywords, tlsCompliant];
