/**
 * The restart as a picture (SVG): requests by second, of ours and of what it is held against. The same run, the same
 * bytes.
 */
import type { RestartPlan, RestartRun } from './restart.ts';

const WIDTH = 900;
const HEIGHT = 420;
const LEFT = 60;
const BOTTOM = 40;
const TOP = 44;
/** Higher than any second wave; the first wave runs out of the picture, and its height is written there. */
const SHOWN_MAX = 1600;
const STEP_SECONDS = 5;

export function restartPlot(plan: RestartPlan, ours: RestartRun, plain: RestartRun): string {
  const x = (second: number) => LEFT + ((second - plan.cutAtSeconds) / span(plan)) * (WIDTH - LEFT - 20);
  const y = (perSecond: number) =>
    HEIGHT - BOTTOM - (Math.min(perSecond, SHOWN_MAX) / SHOWN_MAX) * (HEIGHT - BOTTOM - TOP);
  const line = (counts: readonly number[]) =>
    steps(plan)
      .map(s => `${x(s).toFixed(1)},${y(mean(counts, s)).toFixed(1)}`)
      .join(' ');
  const text = (at: [number, number], words: string, more = '') =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}"${more}>${words}</text>`;
  const rule = (perSecond: number) =>
    `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(perSecond).toFixed(1)}" y2="${y(perSecond).toFixed(1)}"`;
  const curve = (counts: readonly number[], colour: string) =>
    `<polyline fill="none" stroke="${colour}" stroke-width="1.6" points="${line(counts)}"/>`;
  const peak = Math.max(...ours.arrivals);
  const ticks = [0, 400, 800, 1200, 1600];
  const minutes = Array.from({ length: Math.floor(span(plan) / 120) + 1 }, (_, i) => i * 2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(
      [LEFT, 18],
      `${plan.devices.toLocaleString('en')} devices come back from a power cut: requests a second`,
      ' font-size="14"',
    ),
    ...ticks.map(
      t => `${rule(t)} stroke="#ddd"/>${text([LEFT - 8, y(t) + 4], t.toLocaleString('en'), ' text-anchor="end"')}`,
    ),
    ...minutes.map(m =>
      text([x(plan.backAtSeconds + m * 60 - 60), HEIGHT - BOTTOM + 18], `${m - 1} min`, ' text-anchor="middle"'),
    ),
    curve(plain.arrivals, '#c9a'),
    curve(ours.arrivals, '#157'),
    curve(ours.served, '#2a7'),
    `${rule(plan.budget)} stroke="#c33" stroke-dasharray="6 4"/>`,
    text([WIDTH - 20, y(plan.budget) - 6], `budget ${plan.budget}`, ' text-anchor="end" fill="#c33"'),
    text([x(plan.backAtSeconds + 36), TOP + 8], `first wave: ${peak.toLocaleString('en')} at most`, ' fill="#157"'),
    ...legend([
      ['#157', 'requests'],
      ['#2a7', 'of them served'],
      ['#c9a', 'requests without pacing'],
    ]),
    '</svg>',
    '',
  ].join('\n');
}

function legend(entries: readonly (readonly [string, string])[]): string[] {
  return entries.map(
    ([colour, words], i) =>
      `<rect x="620" y="${TOP + 6 + i * 18}" width="12" height="4" fill="${colour}"/>` +
      `<text x="640" y="${TOP + 12 + i * 18}">${words}</text>`,
  );
}

function span({ cutAtSeconds, endSeconds }: RestartPlan): number {
  return endSeconds - cutAtSeconds;
}

function steps({ cutAtSeconds, endSeconds }: RestartPlan): number[] {
  return Array.from(
    { length: Math.floor((endSeconds - cutAtSeconds) / STEP_SECONDS) },
    (_, i) => cutAtSeconds + i * STEP_SECONDS,
  );
}

function mean(counts: readonly number[], from: number): number {
  const part = counts.slice(from, from + STEP_SECONDS);
  return part.reduce((sum, n) => sum + n, 0) / part.length;
}
