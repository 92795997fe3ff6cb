// A TLS connection of our own to a server, over a TCP connection that is bound as wanted. Its certificate is verified where that is asked for.
import { Socket } from 'node:net';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { type CertificateDemands, certificateFault, endingSoon } from './certificate-fault.js';
import type { Client, ClientEvents, ClientOptions } from './client-socket.js';
import { TcpClient } from './tcp-client.js';

export interface TlsOptions extends ClientOptions {
  /** SNI; absent: none. */
  readonly serverName?: string;
  /** Certificate and key, known authorities, and which versions and ciphers are allowed. */
  readonly context: SecureContext;
  /** Absent: whose certificate it is does not matter. */
  readonly certificate?: CertificateDemands;
}

export interface TlsEvents extends Omit<ClientEvents, 'failed' | 'connected'> {
  /** `warning`: about the certificate. */
  connected(warning?: string): void;
  failed(phase: Parameters<ClientEvents['failed']>[0] | 'handshake', reason: string, errno?: number): void;
  /** The certificate is not as demanded: in place of `connected`. */
  untrusted(reason: string): void;
}

/** OpenSSL's own words, where it has some: a message of it names files and an address in memory. */
const reasonOf = (error: Error & { readonly reason?: string }): string => error.reason ?? error.message;

export class TlsClient implements Client {
  readonly #tcp: TcpClient;
  #socket: Socket | undefined;
  #tls: TLSSocket | undefined;
  #connected = false;
  #closed = false;

  /** @throws SystemError where no socket could be made or bound */
  constructor(
    readonly options: TlsOptions,
    readonly events: TlsEvents,
  ) {
    this.#tcp = new TcpClient(options, { ...events, connected: () => this.#shakeHands() });
  }

  #shakeHands(): void {
    const { serverName, context } = this.options;
    this.#socket = new Socket({ fd: this.#tcp.release(), readable: true, writable: true });
    const tls = connect({
      socket: this.#socket,
      secureContext: context,
      // The result is examined below; its name by what is demanded, not by what was connected to.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    this.#tls = tls;
    tls.on('secureConnect', () => {
      this.#connected = true;
      if (!this.#closed) this.#examine(tls);
    });
    // With TLS 1.3 session tickets come after the handshake: the server has begun to send.
    tls.on('session', () => this.#closed || tls.getProtocol() !== 'TLSv1.3' || this.events.received(new Uint8Array(0)));
    tls.on('data', (bytes: Buffer) => this.#closed || this.events.received(new Uint8Array(bytes)));
    tls.on('end', () => this.#closed || !this.#connected || this.events.ended());
    // Without a handshake the end of the connection is a failure of it.
    tls.on('close', () => this.#closed || this.#connected || this.events.failed('handshake', 'the connection ended'));
    tls.on('error', (error) => this.#closed || this.events.failed(this.#connected ? 'read' : 'handshake', reasonOf(error)));
    this.#socket.on('error', () => {}); // the TLS socket reports it
  }

  #examine(tls: TLSSocket): void {
    const { certificate: demands } = this.options;
    if (demands === undefined) {
      this.events.connected();
      return;
    }
    const certificate = tls.getPeerCertificate();
    // Node has the code there, though its type is Error.
    const chain = tls.authorized ? undefined : String(tls.authorizationError);
    const now = Date.now();
    const fault = certificateFault(certificate, chain, demands, now);
    if (fault === undefined) this.events.connected(endingSoon(certificate, demands, now));
    else this.events.untrusted(fault);
  }

  send(bytes: Uint8Array): void {
    this.#tls?.write(bytes);
  }

  close(): void {
    this.#closed = true;
    this.#tcp.close();
    this.#tls?.destroy();
    this.#socket?.destroy();
  }
}
