// What goes by tc alone, though XDP is wanted for it: this kernel refuses a program of XDP, or an interface takes none, or must have none.

export interface TcAlone {
  /** Packets of a family or of both, or the name of an interface. */
  readonly what: string;
  readonly why: string;
  /** Of an interface: what keeps XDP away from it, another XDP program, its driver, VLANs, or its kind. Absent: a program is refused. */
  readonly obstacle?: 'foreign' | 'driver' | 'vlan' | 'kind';
}

export const goesByTc = (what: string): string => `${what} ${what.includes(' and ') ? 'go' : 'goes'} by tc alone, without XDP`;

export const tcAloneText = ({ what, why }: Pick<TcAlone, 'what' | 'why'>): string => `${goesByTc(what)}: ${why}`;
