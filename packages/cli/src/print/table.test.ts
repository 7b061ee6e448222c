import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { cut, table } from './table.ts';

const columns = [
  { title: 'ID', value: (i: Item) => i.id },
  { title: 'SITE', value: (i: Item) => i.site, shrinks: true },
  { title: 'NOTE', value: (i: Item) => i.note, shrinks: true },
];
interface Item {
  readonly id: string;
  readonly site: string;
  readonly note: string;
}
const id = '0123456789abcdef0123456789abcdef';

test('cuts only what may shrink, so that each line fits the terminal', () => {
  const items = [{ id, site: '北京市朝阳区建国门外大街', note: 'a note that is much too long for this terminal' }];
  const lines = table(columns, items, 60);
  expect(lines.every(line => stringWidth(line) <= 60)).toBe(true);
  expect(lines[1]).toContain(id);
  expect(lines[1]).toMatch(/…/);
});

test('leaves out what is optional before it breaks a line', () => {
  const more = [...columns, { title: 'WHEN', value: () => '2026-11-24 20:00:00', optional: true }];
  const items = [{ id, site: 'north', note: 'short' }];
  expect(table(more, items, 80)[0]).toBe(`${'ID'.padEnd(32)}  SITE   NOTE   WHEN`);
  expect(table(more, items, 60)).toEqual([`${'ID'.padEnd(32)}  SITE   NOTE`, `${id}  north  short`]);
});

test('cuts nothing where no terminal is', () => {
  const items = [{ id, site: 'north', note: 'x'.repeat(300) }];
  expect(table(columns, items, undefined)[1]).toContain('x'.repeat(300));
});

test('lets no text of a device out of its cell', () => {
  const [, line] = table(columns, [{ id, site: 'a\nb\u001b[2K', note: '' }], 200);
  expect(line).toBe(`${id}  a\\u{a}b\\u{1b}[2K`);
});

test('keeps wide characters and joined ones whole', () => {
  expect(cut('北京北京', 5)).toBe('北京…');
  expect(cut('short', 5)).toBe('short');
});
