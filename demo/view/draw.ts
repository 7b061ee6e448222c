/** Draws a board as lines of text. Pure: the same board and width give the same lines. */
import { styleText } from 'node:util';
import type { Board, DeviceLine, PhaseLine } from './board.ts';

type Style = Parameters<typeof styleText>[0];

const MOODS: Record<DeviceLine['mood'], { mark: string; style: Style }> = {
  calm: { mark: '·', style: 'dim' },
  busy: { mark: '↻', style: 'yellow' },
  good: { mark: '✓', style: 'green' },
  bad: { mark: '✗', style: 'red' },
};

const PHASES: Record<PhaseLine['state'], Style> = { waiting: 'dim', open: 'yellow', passed: 'green', halted: 'red' };

const DEVICES_SHOWN = 20;

/** @param columns width of the terminal in characters */
export function draw(board: Board, columns: number): string[] {
  const width = Math.max(40, Math.min(columns, 100));
  return [
    styleText('bold', board.title),
    ...board.phases.map((phase, i) => drawPhase(phase, i + 1, width)),
    ...board.devices.slice(0, DEVICES_SHOWN).map(drawDevice),
    ...(board.devices.length > DEVICES_SHOWN ? [`  … and ${board.devices.length - DEVICES_SHOWN} more devices`] : []),
  ];
}

function drawPhase(phase: PhaseLine, number: number, width: number): string {
  const label = `  phase ${number}  ${phase.label.padStart(5)}  `;
  const count = `  ${phase.verified} of ${phase.total} verified${phase.state === 'halted' ? ', halted' : ''}`;
  const cells = Math.max(10, width - label.length - count.length - 2);
  const full =
    phase.total === 0 ? (phase.state === 'passed' ? cells : 0) : Math.round((cells * phase.verified) / phase.total);
  const bar = styleText(PHASES[phase.state], '█'.repeat(full)) + styleText('dim', '░'.repeat(cells - full));
  return `${label}${bar}${count}`;
}

function drawDevice(device: DeviceLine): string {
  const { mark, style } = MOODS[device.mood];
  return `  ${styleText(style, mark)} ${device.name}  ${device.version.padEnd(8)} ${styleText(style, device.state)}`;
}
