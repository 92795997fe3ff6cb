// Connects to all real servers concurrently, each with a timeout. A connection is closed as soon as it is established.
import { connect } from 'node:net';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { ConnectFact } from '../facts.js';

/** Connects that are under way at the same time. */
const CONCURRENT_MAX = 512;

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
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_MAX, targets.length) }, worker));
  return facts;
}
