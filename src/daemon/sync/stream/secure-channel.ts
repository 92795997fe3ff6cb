// TLS 1.3 between two nodes: both prove to have a key, and what counts of it is that it is one of those that are pinned. No authority, name or date counts.
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { pinOf, type StreamKey } from '../../../host/sync/stream-key.js';
import { formatAddress, parseAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import type { DestinationKey } from '../../../model/service.js';
import { type ConnectionRefusal, HAS_OTHER_KEY, type StreamPeer } from '../../../model/stream-node.js';
import { STREAM_PROTOCOLS } from '../../../wire/sync/stream-record.js';

const HANDSHAKE_MS = 5000;
/** Of each peer's address at the same time, before they have proved to have its key: the oldest makes room, so that others cannot keep the peer out. */
const SOCKETS_EACH = 32;

const tlsOptions = ({ key, certificate }: StreamKey) => ({
  key,
  cert: certificate,
  minVersion: 'TLSv1.3' as const,
  // Whose key it is, is compared here; there is no authority.
  rejectUnauthorized: false,
  secureOptions: constants.SSL_OP_NO_TICKET,
  ALPNProtocols: [...STREAM_PROTOCOLS],
});

/** Has the other end proved to have the key that is expected of this peer? */
function isTrusted(socket: TLSSocket, own: StreamKey, { pin = own.pin }: StreamPeer): boolean {
  const certificate = socket.getPeerX509Certificate();
  return certificate !== undefined && pinOf(certificate) === pin;
}

/** The socket of a session to a peer. `ready`: it is encrypted, and the peer is who it must be; `refused`: it is not, or does not answer. */
export function openChannel(
  peer: StreamPeer,
  own: StreamKey,
  ready: (socket: TLSSocket) => void,
  refused: (why: string) => void,
): TLSSocket {
  const host = formatAddress(peer.address);
  const socket = connect({ ...tlsOptions(own), host, port: peer.port, checkServerIdentity: () => undefined });
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), HANDSHAKE_MS);
  socket.setNoDelay(true);
  socket.once('secureConnect', () => {
    if (isTrusted(socket, own, peer)) {
      clearTimeout(timer);
      ready(socket);
    } else {
      refused(HAS_OTHER_KEY);
      socket.end(() => socket.destroy()); // the peer gets this node's key, too, and can count that it is another one
    }
  });
  socket.on('error', (error: NodeJS.ErrnoException) => refused(error.code ?? error.message));
  socket.once('close', () => clearTimeout(timer));
  return socket;
}

export interface ListenOptions {
  readonly at: DestinationKey;
  readonly own: StreamKey;
  readonly peers: readonly StreamPeer[];
  readonly accepted: (socket: TLSSocket, peer: StreamPeer) => void;
  /** Of each connection that is refused, once. */
  readonly refused: (reason: ConnectionRefusal) => void;
  readonly failed: (why: string) => void;
}

/** Sockets of each peer's address that have not proved to have its key, by their ports. */
class Unproven {
  readonly #sockets = new Map<StreamPeer, Map<number, Socket>>();

  constructor(readonly refused: (reason: ConnectionRefusal) => void) {}

  /** One that closes while it is here has not ended its handshake. */
  add(peer: StreamPeer, socket: Socket): void {
    const waiting = this.#sockets.get(peer) ?? new Map<number, Socket>();
    this.#sockets.set(peer, waiting);
    const [oldest] = waiting;
    if (oldest !== undefined && waiting.size >= SOCKETS_EACH) {
      waiting.delete(oldest[0]);
      this.refused('crowded');
      oldest[1].destroy();
    }
    const { remotePort = 0 } = socket;
    waiting.set(remotePort, socket);
    socket.once('close', () => {
      if (waiting.get(remotePort) !== socket) return;
      waiting.delete(remotePort);
      this.refused('handshake');
    });
  }

  delete(peer: StreamPeer, port: number): void {
    this.#sockets.get(peer)?.delete(port);
  }
}

/** Listens for peers. Who is none gets no answer. */
export function listenForPeers({ at, own, peers, accepted, refused, failed }: ListenOptions): Server {
  const peerAt = (text: string | undefined): StreamPeer | undefined => {
    const address = parseAddress((text ?? '').replace(/^::ffff:(?=\d+\.)/, ''));
    return address && peers.find((peer) => sameAddress(peer.address, address));
  };
  const unproven = new Unproven(refused);
  const server = createServer({ ...tlsOptions(own), requestCert: true, handshakeTimeout: HANDSHAKE_MS });
  server.on('connection', (socket) => {
    const peer = peerAt(socket.remoteAddress);
    if (peer !== undefined) unproven.add(peer, socket);
    else {
      refused('address');
      socket.destroy();
    }
  });
  server.on('tlsClientError', (_, socket) => void socket.destroy());
  server.on('secureConnection', (socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {}); // it closes
    const peer = peerAt(socket.remoteAddress);
    if (peer === undefined) {
      socket.destroy(); // it has been reset meanwhile: its address is not known any more
      return;
    }
    const isPeer = isTrusted(socket, own, peer);
    unproven.delete(peer, socket.remotePort ?? 0);
    if (isPeer) accepted(socket, peer);
    else {
      refused('key');
      socket.destroy();
    }
  });
  server.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
  server.listen({ host: formatAddress(at.address), port: at.port, ipv6Only: at.address.family === 'inet6' });
  return server;
}
