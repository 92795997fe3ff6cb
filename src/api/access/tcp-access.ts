// Who sends a request over TCP: first whether it is meant for this host and of no page of another one, then its token or certificate.
import { matchedToken, TokenFile } from '../../host/api-tokens.js';
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import type { ApiTcp } from '../../model/api-settings.js';
import type { ApiToken } from '../../model/api-token.js';
import { endpointText } from '../../model/endpoint-text.js';
import { failureText, isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { contains } from '../../model/subnet.js';
import type { Caller } from './caller.js';
import { FailureLimit } from './failure-limit.js';
import type { Refusal, Refusals } from './refusals.js';

/** Of a connection, after its handshake. */
export interface TlsPeer {
  readonly remote: Address;
  /** Where it is connected to. */
  readonly local: Address;
  readonly localPort: number;
  /** `refused`: none of the authorities has signed it, or it has expired. */
  readonly certificate: 'none' | 'refused' | { readonly name: string };
}

type Asked = Pick<Request, 'method' | 'headers' | 'url'>;

const HTTPS_PORT = 443;
/** What `open_to` opens. */
const OPEN_PATHS = ['/metrics', '/livez', '/readyz'];

const REASONS = {
  'api-host': 'host',
  'api-origin': 'origin',
  'api-no-credentials': 'no_credentials',
  'api-credentials-refused': 'credentials',
  'api-client': 'client',
  'api-rate': 'rate',
} as const satisfies Readonly<Record<string, Refusal>>;

/** `host` is this address or one of its names, with the port: no name that a stranger's DNS leads here. */
function isOwnHost(host: string, { local, localPort }: TlsPeer, names: readonly string[]): boolean {
  const [, name = '', port = String(HTTPS_PORT)] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(host) ?? [];
  if (Number(port) !== localPort) return false;
  const address = parseAddress(name.replace(/^\[|\]$/g, ''));
  if (address === undefined) return names.includes(name.toLowerCase());
  return endpointText({ address, port: localPort }) === endpointText({ address: local, port: localPort });
}

export class TcpAccess {
  readonly #limit = new FailureLimit();
  readonly #tokens: TokenFile;

  constructor(
    readonly settings: Pick<ApiTcp, 'clients' | 'tokens' | 'names' | 'openTo'>,
    readonly refusals: Refusals,
    readonly nowMs: () => number,
  ) {
    this.#tokens = new TokenFile(settings.tokens);
  }

  /** @throws WeirError api-rate, api-host, api-origin, api-no-credentials, api-credentials-refused, api-client */
  callerOf(asked: Asked, peer: TlsPeer): Caller {
    const from = endpointText({ address: peer.remote, port: 0 }).replace(/:0$/, '');
    try {
      const seconds = this.#limit.waitS(peer.remote, this.nowMs());
      if (seconds > 0) throw new WeirError('api-rate', { seconds });
      this.#checkPage(asked, peer);
      return this.#known(asked, peer, from);
    } catch (error) {
      const code = isWeirError(error) ? error.code : '';
      if (!isWeirError(error) || !(code in REASONS)) throw error;
      if (code !== 'api-rate') this.#limit.refuse(peer.remote, this.nowMs());
      this.refusals.add(REASONS[code as keyof typeof REASONS], from, failureText(error), this.nowMs());
      throw error;
    }
  }

  /** No page of another site may use what a browser has. @throws WeirError api-host, api-origin */
  #checkPage({ headers }: Asked, peer: TlsPeer): void {
    const [host, origin, site] = [headers.get('host') ?? '', headers.get('origin'), headers.get('sec-fetch-site')];
    if (!isOwnHost(host, peer, this.settings.names)) throw new WeirError('api-host', { host });
    if (origin !== null && origin !== `https://${host}`) throw new WeirError('api-origin', { origin });
    const isNavigation = headers.get('sec-fetch-mode') === 'navigate';
    if (site !== null && site !== 'same-origin' && site !== 'none' && !isNavigation)
      throw new WeirError('api-origin', { origin: 'other sites' });
  }

  #known(asked: Asked, { certificate, remote }: TlsPeer, from: string): Caller {
    const text = bearerOf(asked.headers.get('authorization'));
    if (text !== undefined) {
      const token = this.tokenOf(text);
      if (token === undefined) throw new WeirError('api-credentials-refused');
      const { name, scope, confidential } = token;
      return { name: `token ${name}`, stream: `token ${name}`, scope, confidential: confidential || scope === 'write' };
    }
    if (certificate === 'refused') throw new WeirError('api-credentials-refused');
    if (certificate !== 'none') return this.#ofCertificate(certificate.name);
    const isOpen = asked.method === 'GET' && OPEN_PATHS.includes(new URL(asked.url).pathname);
    if (!isOpen || !this.settings.openTo.some((network) => contains(network, remote))) throw new WeirError('api-no-credentials');
    return { name: `anyone at ${from}`, stream: from, scope: 'read', confidential: false };
  }

  #ofCertificate(name: string): Caller {
    const client = this.settings.clients.find((one) => one.name === name);
    if (client === undefined) throw new WeirError('api-client', { name });
    return { name: `certificate ${name}`, stream: `certificate ${name}`, scope: client.scope, confidential: client.scope === 'write' };
  }

  /** Undefined also where the file cannot be used: that is logged. */
  tokenOf(text: string): ApiToken | undefined {
    try {
      return matchedToken(this.#tokens.tokens(), text, this.nowMs());
    } catch (error) {
      if (!isWeirError(error, 'api-tokens')) throw error;
      this.refusals.add('credentials', 'any client', failureText(error), this.nowMs());
      return undefined;
    }
  }
}

/** Undefined: the request has none. Another scheme is a token that is not known. */
export function bearerOf(authorization: string | null): string | undefined {
  if (authorization === null) return undefined;
  return /^Bearer +([!-~]+)$/i.exec(authorization)?.[1] ?? '';
}
