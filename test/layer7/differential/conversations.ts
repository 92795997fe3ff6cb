// Connections of clients that send their bytes and wait until nothing more comes: each from an address of its own, so that what is known by the
// address is of one connection.
import { connect } from 'node:net';

export interface Conversation {
  /** What was sent to the client. */
  readonly text: string;
  /** Its connection was ended. */
  readonly hasEnded: boolean;
  /** The client's address. */
  readonly from: string;
}

/** How long a client waits for a first byte, and behind it for each further one. */
export interface Patience {
  readonly firstMs: number;
  readonly nextMs: number;
}

const BRIEF: Patience = { firstMs: 700, nextMs: 250 };
/** For what differs, or seems to; and where it still does, as on a busy machine. */
export const PATIENT: Patience = { firstMs: 5000, nextMs: 500 };
export const MOST_PATIENT: Patience = { firstMs: 20_000, nextMs: 10_000 };

let count = 0;
/** 127.64.0.0 up to 127.127.255.255: after four million they come again. */
const nextAddress = (): string => {
  const number = count++;
  return `127.${64 + ((number >> 16) & 63)}.${(number >> 8) & 255}.${number & 255}`;
};

export function converse(port: number, bytes: string, patience: Patience): Promise<Conversation> {
  const from = nextAddress();
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.setEncoding('latin1');
  let text = '';
  return new Promise((done) => {
    let timer: NodeJS.Timeout;
    const finish = (hasEnded: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      done({ text, hasEnded, from });
    };
    timer = setTimeout(finish, patience.firstMs, false);
    socket.on('connect', () => socket.write(bytes, 'latin1'));
    socket.on('data', (piece: string) => {
      text += piece;
      clearTimeout(timer);
      timer = setTimeout(finish, patience.nextMs, false);
    });
    socket.on('error', () => finish(true));
    socket.on('end', () => finish(true));
  });
}

/** More would wait for one another in this process until their patience ends, and all would seem to get nothing. */
const CONCURRENT = 40;

/** One for each, in their order; so many at the same time. `ask`: has one conversation. */
export async function inParallel<Case, Result>(cases: readonly Case[], ask: (one: Case) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = [];
  const rest = cases.entries();
  const work = async (): Promise<void> => {
    for (const [place, one] of rest) results[place] = await ask(one);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, work));
  return results;
}

export const brief = (port: number, bytes: string): Promise<Conversation> => converse(port, bytes, BRIEF);
