// How an exchange becomes a tunnel.
import type { ClientSide } from './client-side.js';
import type { Stream } from './stream.js';

/** Passes on the 101 `head`, the server's bytes slab[from, to) behind it, and what the client sent before it came. Both may be closed afterwards. */
export function openTunnel(client: ClientSide, server: Stream, head: string, from: number, to: number): void {
  const { stream } = client;
  stream.headBytes += head.length;
  stream.sendAround(head, from, to, '');
  stream.deadlineUs = 0;
  stream.resume();
  const ahead = client.takeKept();
  if (ahead !== undefined) server.sendBytes(ahead);
  if (server.isFull) stream.pause();
  if (stream.hasEnded) server.shutdown();
}
