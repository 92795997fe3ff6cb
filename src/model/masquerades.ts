// VS/NAT and FULLNAT: requests get the server's address, and answers come back through the director.
import type { ForwardingMethod } from './service.js';

export const masquerades = ({ method }: { readonly method: ForwardingMethod }): boolean => method === 'masq' || method === 'fullnat';
