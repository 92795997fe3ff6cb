// Connects to every real server at once, each with a bounded wait, and closes at once: an open port is all that is asked.
import { connect } from 'node:net';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { ConnectFact } from '../facts.js';

/** So many connects are under way at once. */
const AT_ONCE = 512;

function tryOne(address: Address, port: number, waitMs: number): Promise<ConnectFact> {
  return new Promise((done) => {
    const socket = connect({ host: formatAddress(address), port });
    const end = (error?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      done({ address, port, ...(error === undefined ? {} : { error }) });
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), waitMs);
    socket.once('connect', () => end());
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

export async function collectConnects(
  targets: readonly { readonly address: Address; readonly port: number }[],
  waitMs: number,
): Promise<readonly ConnectFact[]> {
  const facts: ConnectFact[] = [];
  const waiting = [...targets];
  const worker = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      facts.push(await tryOne(target.address, target.port, waitMs));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, worker));
  return facts;
}
