/** Whether there is anything to read, in any language. */
export function hasText(localized: Readonly<Record<string, string>>): boolean {
  return Object.values(localized).some(text => text.trim() !== '');
}
