// A session of BFD, as far as what is published and what is reported of it are the same.

export interface BfdSessionFacts {
  readonly name: string;
  readonly neighbour: string;
  /** null: as the kernel chooses. */
  readonly source: string | null;
  readonly multihop: boolean;
  /** Why it last went down, and what the neighbour sends of that: texts of RFC 5880. */
  readonly diagnostic: string;
  readonly remoteDiagnostic: string;
  readonly discriminator: number;
  /** 0: not known. */
  readonly remoteDiscriminator: number;
  /** It has a socket to send by. */
  readonly open: boolean;
  /** Packets. */
  readonly received: number;
  readonly sent: number;
  readonly wentUp: number;
  readonly wentDown: number;
}
