// The chat server of labs. `download N` is answered with the first N known bytes and the connection's end, every other line with the host's name before it.
import { createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KnownBytes } from '../connections/known-bytes.js';
import { onLines } from '../connections/lines.js';

const CHUNK = 16_384;
const DOWNLOAD = /^download (\d{1,12})$/;

function* chunks(length: number): Generator<Buffer> {
  const known = new KnownBytes();
  for (let left = length; left > 0; left -= CHUNK) yield known.next(Math.min(CHUNK, left));
}

async function send(socket: Socket, length: number, served: () => void): Promise<void> {
  try {
    await pipeline(Readable.from(chunks(length)), socket);
    served();
  } catch {
    socket.destroy(); // the client went away
  }
}

/** A server that does not listen yet. `served`: a download was sent to its end, or a chat has ended. */
export function chatServer(host: string, served: (client: string | undefined) => void): Server {
  return createServer({ noDelay: true }, (socket) => {
    const client = socket.remoteAddress;
    let isDownload = false;
    onLines(socket, (line) => {
      const [, length] = DOWNLOAD.exec(line) ?? [];
      if (isDownload || !socket.writable) return;
      if (length === undefined) socket.write(`${host} ${line}\n`);
      else {
        isDownload = true;
        void send(socket, Number(length), () => served(client));
      }
    });
    socket.once('end', () => {
      if (!isDownload) served(client);
    });
  });
}
