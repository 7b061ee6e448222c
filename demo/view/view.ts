/**
 * How the demonstration speaks: a live board in a terminal, plain lines elsewhere.
 * Everything goes to the given stream, so that `--json` keeps its last line of standard output to itself.
 */
import { createLogUpdate } from 'log-update';
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Board } from './board.ts';
import { draw } from './draw.ts';

export interface View {
  chapter(title: string): void;
  /** A line that stays. */
  say(line: string): void;
  /** The board as it is now: drawn over the one before, or, without a terminal, only what changed. */
  show(board: Board): void;
  /** Leaves the last board where it is. */
  done(): void;
}

export function openView(stream: NodeJS.WriteStream): View {
  return stream.isTTY ? terminalView(stream) : plainView(stream);
}

function terminalView(stream: NodeJS.WriteStream): View {
  const live = createLogUpdate(stream, { showCursor: true });
  const shown: { board: Board | undefined } = { board: undefined };
  const redraw = () => {
    if (shown.board) live(['', ...draw(shown.board, stream.columns)].join('\n'));
  };
  const say = (line: string) => {
    live.clear();
    stream.write(`${line}\n`);
    redraw();
  };
  return {
    chapter: title => say(`\n${styleText(['bold', 'cyan'], title)}`),
    say,
    show: board => {
      shown.board = board;
      redraw();
    },
    done: () => {
      live.done();
      shown.board = undefined;
    },
  };
}

function plainView(stream: NodeJS.WriteStream): View {
  const seen = new Set<string>();
  return {
    chapter: title => {
      seen.clear();
      stream.write(`\n${title}\n`);
    },
    say: line => stream.write(`${stripVTControlCharacters(line)}\n`),
    show: board => {
      for (const line of draw(settled(board), 80).map(stripVTControlCharacters)) {
        if (!seen.has(line)) stream.write(`${line}\n`);
        seen.add(line);
      }
    },
    done: () => seen.clear(),
  };
}

/** Without passing states, which would fill a log with lines that say little. */
function settled(board: Board): Board {
  return {
    title: board.title,
    phases: board.phases.filter(p => p.state !== 'waiting'),
    devices: board.devices.filter(d => d.mood === 'good' || d.mood === 'bad'),
  };
}
