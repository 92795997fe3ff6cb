// What was put into the table, and when to try again.
import { type CheckContext, changeServer, serverAt } from './context.js';
import type { CheckEffect } from './messages.js';
import { poolOf } from './pool.js';
import type { ServerState } from './state.js';

/** One `serve` for each virtual server that this step changed. They come first: scripts and mails report what is done. */
export function serveChanged(context: CheckContext): readonly CheckEffect[] {
  const indices = [...context.changed].sort((a, b) => a - b);
  return indices.map((index) => {
    changeServer(context, index, { served: { pending: true, retryAtUs: undefined } });
    return { kind: 'serve', server: serverAt(context, index).config, pool: poolOf(context, index) };
  });
}

/** The answer about the last `serve` of a virtual server. */
export function takeServed(context: CheckContext, name: string, ok: boolean, retryUs: number | undefined): void {
  for (const [index, { config }] of context.servers.entries()) {
    if (config.name !== name) continue;
    const retryAtUs = ok || retryUs === undefined ? undefined : context.atUs + retryUs;
    changeServer(context, index, { served: { pending: !ok, retryAtUs } });
  }
}

export function retryServing(context: CheckContext): void {
  for (const [index, { served }] of context.servers.entries()) {
    if (served.retryAtUs !== undefined && served.retryAtUs <= context.atUs) context.changed.add(index);
  }
}

export function nextRetryAtUs(servers: readonly ServerState[]): number | undefined {
  let next: number | undefined;
  for (const { served } of servers) {
    if (served.retryAtUs !== undefined && (next === undefined || served.retryAtUs < next)) next = served.retryAtUs;
  }
  return next;
}
