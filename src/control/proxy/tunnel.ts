// How an exchange becomes a tunnel.
import { forwardedInterim } from '../../wire/http/forwarded-head.js';
import type { ResponseHead } from '../../wire/http/response-head.js';
import type { ClientSide } from './client-side.js';
import type { Stream } from './stream.js';

/** Passes on the 101, the server's bytes slab[from, to) behind it, and what the client sent before it came. Both may be closed afterwards. */
export function openTunnel(client: ClientSide, server: Stream, head: ResponseHead, from: number, to: number): void {
  const { stream } = client;
  const text = forwardedInterim(head);
  stream.headBytes += text.length;
  stream.sendAround(text, from, to, '');
  stream.deadlineUs = 0;
  stream.resume();
  const ahead = client.takeKept();
  if (ahead !== undefined) server.sendBytes(ahead);
  if (server.isFull) stream.pause();
  if (stream.hasEnded) server.shutdown();
}
