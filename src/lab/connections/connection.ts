// A connection of a lab's client that stays open.

export interface HeldConnection {
  readonly kind: 'chat' | 'download';
  /** Why it is lost; empty: it is not. */
  readonly failure: string;
  /** Lines that were answered, or bytes that came. */
  readonly progress: number;
  /** So much more progress since some moment has passed the network since then. */
  readonly enough: number;
  /** Resolves once it has made any progress, or is lost. */
  readonly begun: Promise<void>;
  /** It has come to its end, with all that it was to have. */
  readonly isOver: boolean;
  /** Comes to its end; resolves when it has, or is lost. */
  end(): Promise<void>;
  /** For a person. */
  readonly name: string;
}
