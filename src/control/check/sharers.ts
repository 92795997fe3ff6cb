// Which checks share their attempts, and when those wait.
import { type CheckContext, checkerAt, serverAt } from './context.js';

/** The indices of all checks that share the attempts of one, in order and with itself. */
export const sharersOf = ({ machine }: CheckContext, index: number): readonly number[] => machine.sharers.get(index) ?? [index];

/** The virtual servers of all sharers are suspended: none makes the attempt. */
export const isWaiting = (context: CheckContext, index: number): boolean =>
  sharersOf(context, index).every((sharer) => serverAt(context, checkerAt(context, sharer).server).suspended);
