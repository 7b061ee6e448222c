import { expect, it } from 'vitest';
import { roleKind } from './role-kind.ts';

it.each([
  ['root', 'root'],
  ['timestamp', 'timestamp'],
  ['p-gw2-stable', 'channel'],
  ['h-gw2', 'holds'],
  ['else', 'other'],
])('knows what %s is for', (role, kind) => {
  expect(roleKind(role)).toBe(kind);
});
