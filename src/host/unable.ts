// The failure that is the user's to mend.

/** Thrown when what was asked cannot be done on this host; the message is one line for the user, and nothing was changed. */
export class Unable extends Error {}
