/** What `systemctl status` shows of the agent, in a few words. Pure. */
import { type State, updateOf } from '../machine/state.ts';

export function statusWords(state: State): string {
  const update = updateOf(state);
  if (!update) return 'up to date, looks for updates';
  const release = `${update.component} ${update.target.firmware.version}`;
  switch (state.name) {
    case 'idle':
      return `${release} is offered and waits`;
    case 'rebooting':
      return `switching to ${release}`;
    case 'trial':
      return `${release} runs on trial`;
    case 'done':
      return `${release}: ${state.outcome.state}`;
    case 'downloading':
    case 'installing':
      return `${state.name} ${release}`;
  }
}
