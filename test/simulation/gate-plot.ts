/**
 * How soon the gate halts, as a picture (SVG): devices that had begun, by how often the release fails. The same
 * study, the same bytes.
 */
import type { StudyLine } from './gate-study.ts';

const WIDTH = 900;
const HEIGHT = 360;
const LEFT = 60;
const BOTTOM = 50;
const TOP = 44;
const TICKS = [1, 10, 100, 1000];

/** @param lines releases that were halted, in the order of the picture @param devices of the fleet */
export function gatePlot(lines: readonly StudyLine[], devices: number): string {
  const top = Math.log10(devices);
  const y = (count: number) => HEIGHT - BOTTOM - (Math.log10(Math.max(1, count)) / top) * (HEIGHT - BOTTOM - TOP);
  const step = (WIDTH - LEFT - 20) / lines.length;
  const bar = (i: number, count: number, offset: number, colour: string) => {
    const x = LEFT + i * step + step / 2 + offset;
    return (
      `<rect x="${x.toFixed(1)}" y="${y(count).toFixed(1)}" width="26" height="${(HEIGHT - BOTTOM - y(count)).toFixed(1)}" fill="${colour}"/>` +
      text(x + 13, y(count) - 5, String(count), 'middle')
    );
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 20, `Devices of ${devices.toLocaleString('en')} that had begun when the gate halted`, 'start'),
    ...TICKS.map(
      tick =>
        `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#ddd"/>` +
        text(LEFT - 8, y(tick) + 4, tick.toLocaleString('en'), 'end'),
    ),
    ...lines.flatMap((line, i) => [
      bar(i, line.begun?.median ?? 0, -28, '#157'),
      bar(i, line.begun?.worst ?? 0, 2, '#c9a'),
      text(LEFT + i * step + step / 2, HEIGHT - BOTTOM + 18, line.name, 'middle'),
    ]),
    `<rect x="620" y="12" width="12" height="8" fill="#157"/>${text(638, 20, 'in the middle', 'start')}`,
    `<rect x="740" y="12" width="12" height="8" fill="#c9a"/>${text(758, 20, 'once in twenty', 'start')}`,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
}
