/** What the live view shows of one moment: plain data, drawn by `draw.ts`. */
export interface PhaseLine {
  /** «10 %» */
  readonly label: string;
  /** Devices of this phase that run the release after a healthy start. */
  readonly verified: number;
  /** Devices that belong to this phase and not to the one before. */
  readonly total: number;
  readonly state: 'waiting' | 'open' | 'passed' | 'halted';
}

export interface DeviceLine {
  readonly name: string;
  readonly version: string;
  /** «downloading 40 %», «verified» */
  readonly state: string;
  readonly mood: 'calm' | 'busy' | 'good' | 'bad';
}

export interface Board {
  readonly title: string;
  readonly phases: readonly PhaseLine[];
  readonly devices: readonly DeviceLine[];
}
