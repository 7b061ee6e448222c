import { access, glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const CLONE = new URL('../../', import.meta.url);

/** As GitHub makes them: lower case, spaces to hyphens, and no other signs. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
}

async function isThere(page: URL, link: string): Promise<boolean> {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : new URL(path, page);
  if (anchor === undefined)
    return access(target).then(
      () => true,
      () => false,
    );
  const text = await readFile(target, 'utf8').catch(() => '');
  return [...text.matchAll(/^#+ (.+)$/gm)].some(([, heading = '']) => anchorOf(heading) === anchor);
}

test('every page, picture and chapter that a page links to is there', async () => {
  const missing: string[] = [];
  for await (const file of glob(['*.md', 'docs/**/*.md', 'infra/**/*.md'], { cwd: fileURLToPath(CLONE) })) {
    const page = new URL(file, CLONE);
    const text = (await readFile(page, 'utf8')).replaceAll(/^```.*?^```$/gms, '');
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(link) && !(await isThere(page, link))) missing.push(`${file}: ${link}`);
    }
  }
  expect(missing).toEqual([]);
});
