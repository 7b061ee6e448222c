/** The last lines of a terminal, drawn over again and again, with text that scrolls away above them. */
import stringWidth from 'string-width';
import { clean } from '../print/clean.ts';
import { cut } from '../print/table.ts';
import type { Terminal } from '../terminal.ts';
import type { StyledLine, Tone } from './frame.ts';

export interface LiveArea {
  draw(lines: readonly StyledLine[]): void;
  /** A line that stays, above the area. */
  above(line: StyledLine): void;
  /** Leaves what is drawn where it is; what comes next goes below. */
  keep(): void;
}

const SGR: Readonly<Record<Tone, string>> = { plain: '', good: '32', bad: '31', dim: '2', strong: '1' };

export function liveArea(terminal: Terminal): LiveArea {
  let drawn: readonly StyledLine[] = [];
  let drawnWidths: readonly number[] = [];
  /** Cut to the terminal, so that a line is a row and the way back up is known. */
  const fitted = ({ text, tone }: StyledLine, room = (terminal.size()?.columns ?? 80) - 1) =>
    styled(cut(clean(text), room), tone);
  const styled = (text: string, tone: Tone) =>
    terminal.colour && SGR[tone] !== '' ? `\u001b[${SGR[tone]}m${text}\u001b[0m` : text;
  /** A terminal that became narrower has broken the lines that were drawn before into more rows. */
  const rows = () => {
    const columns = terminal.size()?.columns ?? 80;
    return drawnWidths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  };
  const erase = () => (drawn.length === 0 ? '' : `\u001b[${rows()}A\r\u001b[0J`);
  const text = (lines: readonly StyledLine[]) => {
    drawnWidths = lines.map(line => Math.min(stringWidth(clean(line.text)), (terminal.size()?.columns ?? 80) - 1));
    return lines.map(line => `${fitted(line)}\n`).join('');
  };
  return {
    draw: lines => {
      terminal.out(erase() + text(lines));
      drawn = lines;
    },
    above: line => terminal.out(`${erase()}${styled(clean(line.text), line.tone)}\n${text(drawn)}`),
    keep: () => {
      drawn = [];
    },
  };
}
