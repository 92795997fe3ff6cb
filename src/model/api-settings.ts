// Where the API answers: the section `api` of a weir.yaml.

export interface ApiSettings {
  /** Paths of its two Unix sockets. */
  readonly write: string;
  readonly read: string;
  /** Its members may write; root may in any case. */
  readonly group: string;
}

/** As the file has it: what is absent is the host's default. */
export type ConfiguredApi = Partial<ApiSettings> & { readonly enabled: boolean };

export const API_GROUP = 'weir';
