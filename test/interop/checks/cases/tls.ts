// SSL_GET: what TLS adds to the failures of a page, and its timeout.
import { type Answer, type Behaviour, http } from '../servers.js';
import type { CheckCase } from '../types.js';
import { check, config, real, virtualAt } from './text.js';

const A = '[10.1.0.11]:tcp:443';
const page = http(200, 'body');
const tls = (answer: Answer, more: { readonly version?: 'TLSv1.2'; readonly cut?: true } = {}): Answer => ({ tls: answer, ...more });

/** One server that is well, then answers so until it is out, and is well again. */
function flap(name: string, what: string, bad: Behaviour, lines: readonly string[] = []): CheckCase {
  const get = check('SSL_GET', 'retry 0', 'log_all_failures', ...lines, 'url {\n  path /\n}');
  const good = { 'a:443': [tls(page)] };
  return {
    name: `ssl-${name}`,
    what,
    config: config(virtualAt('10.99.0.100 443', real('a:443', get))),
    serve: good,
    steps: [
      { attempts: ['a:443', 2], serve: { 'a:443': bad } },
      { until: `Removing service ${A}`, serve: good },
      { until: `Adding service ${A}` },
    ],
  };
}

const silent = ['connect_timeout 2'];
const drips = { pieces: ['HTTP/1.1 200 Text\r\n\r\n', 'b', 'o', 'd', 'y'], everyMs: 700 } as const;

export const tlsCases: readonly CheckCase[] = [
  flap('status', 'a page with another status', [tls(http(503))]),
  flap('plain', 'a server that speaks no TLS', [{ text: '220 no TLS\r\n', greet: true }]),
  flap('refused', 'a server that refuses connections', 'refuse'),
  flap('handshake', 'a server that takes connections and does not shake hands', ['accept'], silent),
  flap('empty', 'a server that ends TLS without an answer', [tls({ text: '' })]),
  flap('silent', 'a server that is silent after the handshake of TLS 1.3, and has sent tickets', [tls('accept')], silent),
  flap('silent-12', 'a server that is silent after the handshake of TLS 1.2', [tls('accept', { version: 'TLSv1.2' })], silent),
  flap('slow', 'a page that comes in pieces, and as a whole too late', [tls(drips, { version: 'TLSv1.2' })], silent),
  flap('slow-13', 'the same after tickets of TLS 1.3', [tls(drips)], silent),
  {
    ...flap('cut', 'a page that ends without an end of TLS is a page', 'refuse'),
    serve: { 'a:443': [tls(page, { cut: true })] },
  },
];
