/** Texts that makers sign in several languages, in the one that the owner reads. Pure. */
import type { Localized } from '@tidegate/protocol';

export const DEFAULT_LANGUAGE = 'en';

/** In that language, else in its base (`pt` of `pt-BR`), else in English, else in whichever there is. */
export function inLanguage(texts: Localized, language = DEFAULT_LANGUAGE): string | undefined {
  const wanted = [language, language.split('-')[0] ?? language, DEFAULT_LANGUAGE];
  const found = wanted.find(tag => Object.hasOwn(texts, tag));
  return found === undefined ? Object.values(texts)[0] : texts[found];
}
