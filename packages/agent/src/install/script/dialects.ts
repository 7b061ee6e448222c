/**
 * The words that modules are spoken to in. `tidegate`: Download, Install, Activate, Verify, Commit, Rollback, Cleanup.
 * `mender-v3`: the states of update modules of mender-client 3.4, so that those run as they are.
 */
import { AgentError } from '../../agent-error.ts';
import type { ModuleCall } from './module-call.ts';

/** What a switch needs to take effect: nothing, a restart that the module does by itself (of a peripheral), the machine's. */
export type Restart = 'none' | 'own' | 'machine';

export interface Dialect {
  /** After `Download`: what may be done before the switch. @returns whether the module can go back */
  prepare(call: ModuleCall, signal: AbortSignal): Promise<boolean>;
  activate(call: ModuleCall): Promise<Restart>;
  verify(call: ModuleCall, restart: Restart, signal: AbortSignal): Promise<void>;
  commit(call: ModuleCall): Promise<void>;
  /** The states of the way back, in order; one that refuses keeps none of the others from running. */
  wayBack(restart: Restart): readonly string[];
  /** After the way back, also where there was none. */
  readonly failure: readonly string[];
}

const tidegate: Dialect = {
  async prepare(call, signal) {
    await call.run('Install', signal);
    return true;
  },
  async activate(call) {
    return (await call.run('Activate')) === 'reboot' ? 'machine' : 'none';
  },
  async verify(call, _restart, signal) {
    await call.run('Verify', signal);
  },
  async commit(call) {
    await call.run('Commit');
  },
  wayBack: () => ['Rollback'],
  failure: [],
};

const menderV3: Dialect = {
  async prepare(call, signal) {
    return answer('SupportsRollback', await call.run('SupportsRollback', signal), { '': false, No: false, Yes: true });
  },
  async activate(call) {
    await call.run('ArtifactInstall');
    const replies = { '': 'none', No: 'none', Yes: 'own', Automatic: 'machine' } as const;
    const restart = answer<Restart>('NeedsArtifactReboot', await call.run('NeedsArtifactReboot'), replies);
    if (restart === 'own') await call.run('ArtifactReboot');
    return restart;
  },
  async verify(call, restart, signal) {
    if (restart !== 'none') await call.run('ArtifactVerifyReboot', signal);
  },
  async commit(call) {
    await call.run('ArtifactCommit');
  },
  wayBack: restart =>
    restart === 'own'
      ? ['ArtifactRollback', 'ArtifactRollbackReboot', 'ArtifactVerifyRollbackReboot']
      : ['ArtifactRollback'],
  failure: ['ArtifactFailure'],
};

export const DIALECTS = { tidegate, 'mender-v3': menderV3 } as const;
export type DialectName = keyof typeof DIALECTS;

function answer<T>(question: string, said: string, replies: Readonly<Record<string, T>>): T {
  if (!Object.hasOwn(replies, said))
    throw new AgentError(
      'installer-failed',
      `the module answered ${question} with ${JSON.stringify(said.slice(0, 80))}`,
    );
  return replies[said] as T;
}
