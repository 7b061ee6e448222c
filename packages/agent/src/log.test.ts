import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function said(speak: (log: ReturnType<typeof createLog>) => void, least?: 'warn'): unknown[] {
  const lines: string[] = [];
  speak(createLog(line => void lines.push(line), least));
  return lines.map(line => {
    expect(line.endsWith('\n')).toBe(true);
    return JSON.parse(line) as unknown;
  });
}

test('writes a line of JSON with the level, the time, the fields and the words', () => {
  const [line] = said(log => log.warn({ code: 'network' }, 'later\nand more'));
  expect(line).toMatchObject({ level: 40, code: 'network', msg: 'later\nand more', pid: process.pid });
  expect(line).toHaveProperty('time', expect.closeTo(Date.now(), -4));
});

test('tells what an error is, and where it came from', () => {
  const [line] = said(log => log.error({ err: new TypeError('no such slot') }, 'failed'));
  expect(line).toMatchObject({ err: { type: 'TypeError', message: 'no such slot' } });
  expect(line).toHaveProperty('err.stack', expect.stringContaining('log.test.ts'));
});

test('leaves out what is below its least level', () => {
  const lines = said(log => {
    log.info({}, 'ready');
    log.error({}, 'failed');
  }, 'warn');
  expect(lines).toMatchObject([{ msg: 'failed' }]);
});
