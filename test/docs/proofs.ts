/**
 * Tables that name tests: `[check-in](../packages/…/check-in.test.ts) «a check-in › gets an offer»`, the title as it stands in
 * the file, after the titles of what it is described within. Each row shows a test, and each test is there.
 */

export interface Proof {
  /** As the page links to it. */
  readonly file: string;
  /** From the outermost description to the test. */
  readonly titles: readonly string[];
}

export interface Row {
  readonly promise: string;
  readonly proofs: readonly Proof[];
}

/** Each row of each table of the page, but for the headings. */
export function provenRows(markdown: string): Row[] {
  const bodies = markdown.matchAll(/^\|(?:\s*-+\s*\|)+\n((?:\|.*\n)+)/gm);
  return [...bodies]
    .flatMap(([, body = '']) => body.trimEnd().split('\n'))
    .map(row => ({ promise: row.split('|')[1]?.trim() ?? '', proofs: proofsIn(row) }));
}

function proofsIn(row: string): Proof[] {
  return [...row.matchAll(/\]\(([^)]+\.test\.ts)\)((?: «[^»]*»)+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/«([^»]*)»/g)].map(([, title = '']) => ({ file, titles: title.split(' › ') })),
  );
}

/**
 * Whether a file of tests holds that test: its titles, in their order, each as the first word of a call or of a table
 * of them.
 */
export function holds(source: string, titles: readonly string[]): boolean {
  let at = 0;
  for (const title of titles) {
    const called = new RegExp(`(?:test|it|describe|\\])[^\\n]*?\\(\\s*(['"\`])${escaped(title)}\\1`, 'g');
    called.lastIndex = at;
    const found = called.exec(source);
    if (!found) return false;
    at = found.index + found[0].length;
  }
  return titles.length > 0;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
