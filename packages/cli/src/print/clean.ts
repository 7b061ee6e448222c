/**
 * Text from outside, made harmless for a terminal: a device chooses its own attributes and details, and an escape
 * sequence among them could rewrite what the operator sees. Whatever is invisible or steers is shown as its number.
 */

/** Controls (C0, DEL, C1), formats (bidirectional marks, zero-width), line and paragraph separators, lone surrogates, private use. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** One line of text in which nothing steers the terminal: ESC becomes `\u{1b}`. */
export function clean(text: string): string {
  return text.replace(UNSAFE, char => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** One JSON value as a line; the same characters are escaped, as JSON allows, so nothing is lost. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, escaped);
}

function escaped(char: string): string {
  return Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
    '',
  );
}
