/** Texts for people, in one language or several, as they are given on the command line: `TEXT` is English, `de=TEXT` German. */
import type { Localized } from '@tidegate/protocol';
import { InvalidArgumentError } from 'commander';

const MARKED = /^([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)=(.*)$/s;

/** Gathers an option that may be given once for each language. */
export function gatherLocalized(text: string, before: Localized = {}): Localized {
  const [, language = 'en', words = text] = MARKED.exec(text) ?? [];
  if (Object.hasOwn(before, language)) throw new InvalidArgumentError(`The text in "${language}" is given twice.`);
  return { ...before, [language]: words };
}

/** The English text, or the first one there is. */
export function oneText(texts: Localized): string {
  return texts['en'] ?? Object.values(texts)[0] ?? '';
}
