// What a node remembers of a peer from one session to the next.

/** Until when this director knew all that the peer had, by the clock here; and which process of the peer has sent all, from which tables. */
export interface PeerMemory {
  wholeAt?: number;
  known?: { readonly id: string; readonly tables: string };
}

/**
 * Has the peer another process than the one that sent all, over the same tables? Then that one knows nothing of what this director has, and has it or not:
 * what ended meanwhile no process has reported.
 */
export const isNextProcess = ({ known }: PeerMemory, id: string, tables: string): boolean =>
  known !== undefined && known.tables === tables && known.id !== id;
