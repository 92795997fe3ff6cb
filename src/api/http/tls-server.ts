// The server of TCP: TLS always, and bounds that are narrower than those of Unix sockets, since anybody may connect.
import { readFileSync, statSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { loadCertificate } from '../../host/certificates.js';
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import type { ApiTcp } from '../../model/api-settings.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { clientNetwork } from '../access/client-network.js';
import type { TlsPeer } from '../access/tcp-access.js';
import { boundClients, type ClientBound } from './bound-clients.js';
import { nodeServer } from './node-server.js';

const HANDSHAKE_MS = 10_000;
/** Connections: of all clients, and of one of them. */
const [CONNECTIONS_MAX, ADDRESS_MAX] = [512, 64] as const;

interface TlsTexts {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly minVersion: 'TLSv1.2';
}

type Files = Pick<ApiTcp, 'certificate' | 'key' | 'clientAuthorities'>;

/** @throws WeirError certificate-unusable */
function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new WeirError('certificate-unusable', { file, why: reasonOf(error) }, { cause: error });
  }
}

/** @throws WeirError certificate-unusable */
export function tlsTexts({ certificate, key, clientAuthorities }: Files, nowMs: number): TlsTexts {
  const loaded = loadCertificate({ chain: certificate, key }, '/', nowMs);
  const ca = clientAuthorities === undefined ? {} : { ca: readAuthorities(clientAuthorities) };
  return { cert: loaded.chain, key: loaded.key, ...ca, minVersion: 'TLSv1.2' };
}

/** Another text than before: one of the files was written, or replaced. */
export const filesState = ({ certificate, key, clientAuthorities }: Files): string =>
  [certificate, key, clientAuthorities ?? ''].map(fileState).join(' ');

/** Of a file that cannot be found: why. Who reads it finds and reports that, too. */
function fileState(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error.code;
  }
}

/** By its address, of IPv6 by its network. */
export const CLIENT_BOUND: ClientBound = {
  max: ADDRESS_MAX,
  clientOf({ remoteAddress }) {
    const remote = remoteOf(remoteAddress);
    return remote === undefined ? '' : clientNetwork(remote);
  },
};

export function tlsServer(listener: RequestListener, texts: TlsTexts): Server {
  const certificates = { requestCert: texts.ca !== undefined, rejectUnauthorized: false };
  const server = nodeServer(
    (options, given) => createServer({ ...options, ...texts, ...certificates, handshakeTimeout: HANDSHAKE_MS }, given),
    listener,
  );
  server.maxConnections = CONNECTIONS_MAX;
  boundClients(server, CLIENT_BOUND);
  // A client that speaks no TLS, or leaves: Node has closed it.
  server.on('tlsClientError', () => {});
  return server;
}

/** Undefined: it has gone meanwhile. */
const remoteOf = (text: string | undefined): Address | undefined =>
  parseAddress((text ?? '').replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*$/, ''));

/** @throws WeirError api-no-credentials: it has gone meanwhile */
function addressOf(text: string | undefined): Address {
  const address = remoteOf(text);
  if (address === undefined) throw new WeirError('api-no-credentials');
  return address;
}

function certificateOf(socket: TLSSocket): TlsPeer['certificate'] {
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return 'none';
  const name: unknown = subject.CN;
  // Of several common names none is the name.
  return socket.authorized && typeof name === 'string' ? { name } : 'refused';
}

/** Until when the client's certificate is valid, ms since 1970; undefined: it has none. */
export function certificateEndMs(socket: TLSSocket): number | undefined {
  const { valid_to: end } = socket.getPeerCertificate();
  return end === undefined ? undefined : Date.parse(end);
}

export const peerOf = (socket: TLSSocket): TlsPeer => ({
  remote: addressOf(socket.remoteAddress),
  local: addressOf(socket.localAddress),
  localPort: socket.localPort ?? 0,
  certificate: certificateOf(socket),
});
