// TLS of one listener, by Node: a handshake with the certificate that the client's name chooses, and tickets that every process of the proxy takes.
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { HostTable } from '../control/layer7/route/host-table.js';
import type { TlsVersion } from '../model/layer7/listener.js';

export interface ListenerCertificate {
  readonly chain: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly keyType: string;
}

export interface TlsListenerSettings {
  /** One at least; the first one is for names that none has. */
  readonly certificates: readonly ListenerCertificate[];
  readonly minVersion: TlsVersion;
  readonly handshakeMs: number;
  /** Of session tickets: 48 bytes. */
  readonly ticketKeys: Buffer;
}

export interface TlsListenerEvents {
  secured(socket: TLSSocket): void;
  failed(reason: string, socket: TLSSocket): void;
}

const SESSION_S = 3600;
/** The same in all processes: a ticket of one is taken by the others. */
const SESSION_CONTEXT = 'weir';

const reasons: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection ended within it',
  EPIPE: 'the connection ended within it',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'it took too long',
  ERR_SSL_HTTP_REQUEST: 'the client sent HTTP without TLS',
};

const reasonOf = ({ code = '', reason }: Error & { readonly code?: string; readonly reason?: string }): string =>
  reasons[code] ?? reason ?? code;

/** The certificates of the same names: one of each type of key. */
function grouped(certificates: readonly ListenerCertificate[]): readonly (readonly ListenerCertificate[])[] {
  const groups = new Map<string, ListenerCertificate[]>();
  for (const certificate of certificates) {
    const key = certificate.names.toSorted().join(' ');
    const group = groups.get(key) ?? [];
    if (!group.some(({ keyType }) => keyType === certificate.keyType)) groups.set(key, [...group, certificate]);
  }
  return [...groups.values()];
}

function optionsOf(group: readonly ListenerCertificate[], { minVersion, ticketKeys }: TlsListenerSettings): SecureContextOptions {
  return {
    cert: group.map(({ chain }) => chain),
    key: group.map(({ key }) => key),
    minVersion,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    honorCipherOrder: true,
    sessionIdContext: SESSION_CONTEXT,
    sessionTimeout: SESSION_S,
    ticketKeys,
  };
}

type Contexts = HostTable<SecureContext | undefined>;

/** undefined: the server's own context, of the first group. */
function contextsOf(groups: readonly (readonly ListenerCertificate[])[], settings: TlsListenerSettings): Contexts {
  const table: Contexts = new HostTable(undefined);
  groups.forEach((group, index) => {
    const context = index === 0 ? undefined : createSecureContext(optionsOf(group, settings));
    for (const name of group[0]?.names ?? []) {
      if (name.startsWith('*.')) table.add({ kind: 'suffix', suffix: name.slice(1), withBare: false }, context);
      else table.add({ kind: 'exact', name }, context);
    }
  });
  return table;
}

export class TlsListener {
  readonly #server: Server;

  constructor(settings: TlsListenerSettings, events: TlsListenerEvents) {
    const groups = grouped(settings.certificates);
    const contexts = contextsOf(groups, settings);
    this.#server = createServer({
      ...optionsOf(groups[0] ?? [], settings),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: settings.handshakeMs,
      SNICallback: (name, done) => done(null, contexts.find(name.toLowerCase())),
    });
    this.#server.on('secureConnection', (socket) => events.secured(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      events.failed(reasonOf(error), socket);
      socket.destroy();
    });
  }

  /** Begins the handshake; what the socket has read already comes first. */
  begin(socket: Socket): void {
    this.#server.emit('connection', socket);
  }
}
