/**
 * Texts for people, in one language or several, as they are given on the command line: `TEXT` is English, `de=TEXT`
 * German.
 */
import { LANGUAGE_PATTERN, type Localized } from '@tidegate/protocol';
import { InvalidArgumentError } from 'commander';

const LANGUAGE = new RegExp(LANGUAGE_PATTERN);

/** Gathers an option that may be given once for each language. */
export function gatherLocalized(text: string, before: Localized = {}): Localized {
  const { language, words } = marked(text);
  if (Object.hasOwn(before, language)) throw new InvalidArgumentError(`The text in "${language}" is given twice.`);
  return { ...before, [language]: words };
}

function marked(text: string): { language: string; words: string } {
  const end = text.indexOf('=');
  const language = text.slice(0, Math.max(end, 0));
  return LANGUAGE.test(language) ? { language, words: text.slice(end + 1) } : { language: 'en', words: text };
}

/** The English text, or the first one there is. */
export function oneText(texts: Localized): string {
  return texts['en'] ?? Object.values(texts)[0] ?? '';
}
