// Which checks share their attempts, and when those wait.
import { type CheckContext, checkerAt, realAt, serverAt } from './context.js';

/** The indices of all checks that share the attempts of one, in order and with itself. */
export const sharersOf = ({ machine }: CheckContext, index: number): readonly number[] => machine.sharers.get(index) ?? [index];

/** Of all sharers the virtual server is suspended, or the real server is in maintenance: none makes the attempt. */
export const isWaiting = (context: CheckContext, index: number): boolean =>
  sharersOf(context, index).every((sharer) => {
    const { server, real } = checkerAt(context, sharer);
    return serverAt(context, server).suspended || realAt(context, server, real).maintained;
  });
