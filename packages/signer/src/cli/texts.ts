/** Words that several commands' help shares. */
export const KEY_HINT = 'name of a key in the keys folder, or file:PATH; repeat or separate by commas';
export const PASSPHRASE_HINT = 'file with the passphrase (else TIDEGATE_PASSPHRASE, else a question)';
export const REASON_HINT = 'English, or LANGUAGE=TEXT; repeat for more languages';
export const SERVICE_KEY_HINT = 'with --service: sign with this key: URI, or the name of a key in the keys folder';
