// weir's own version: package.json's, put in when the bundle is made (dev/build.mjs); 'source' in the compiled tests.

declare const WEIR_VERSION: string;

export const version: string = typeof WEIR_VERSION === 'string' ? WEIR_VERSION : 'source';
