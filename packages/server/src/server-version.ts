/** What this server calls itself: the version of its package. */
export const SERVER_VERSION = '0.1.0';
