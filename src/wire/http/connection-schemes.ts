// Authentication whose proof a server keeps for the connection, against RFC 9110 §3.3: NTLM, and Negotiate and Nego2, which may carry it. Who
// shares such a connection with another client gives that client the first one's rights (RFC 4559 §6).

const SCHEME = /(?:^|,)[ \t]*(?:ntlm|negotiate|nego2)(?=[ \t,]|$)/i;

/** `value`: of Authorization or of WWW-Authenticate. */
export const isOfConnection = (value: string): boolean => SCHEME.test(value);
