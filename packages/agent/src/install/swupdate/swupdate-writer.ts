/**
 * Lets SWUpdate write a .swu into the slot that does not run. SWUpdate sees it only once its bytes are those that were
 * signed, judges it by its own signature as well, and leaves the boot loader alone: the agent decides what starts.
 */
import { join } from 'node:path';
import { AgentError } from '../../agent-error.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import type { SlotName } from '../../ports.ts';
import type { SlotWriter } from '../ab/ab-installer.ts';
import { endingOf, runTool, type ToolCall } from '../tool.ts';
import { withVerifiedFile } from '../verified-source.ts';

export interface SwupdateSettings {
  /** Software set and mode of the image's description that write a slot, `stable,a`. */
  readonly select: Readonly<Record<SlotName, string>>;
  readonly certificate: string;
  /** `board:revision`; absent: as SWUpdate finds it by itself. */
  readonly hardwareRevision?: string | undefined;
  readonly timeoutSeconds: number;
}

export interface SwupdateWriterDeps extends SwupdateSettings {
  readonly component: string;
  readonly trustDir: string;
  readonly files: DurableFiles;
}

const SYNC_SECONDS = 600;
/** Of what it says. */
const ERRORS = '1';
/** Instead of the one of the image, whose commands would run and whose boot loader would be set. */
const CONFIG = 'globals : {};\n';

export function swupdateWriter(deps: SwupdateWriterDeps): SlotWriter {
  const { select, certificate, hardwareRevision, timeoutSeconds, files } = deps;
  const config = join(deps.trustDir, `swupdate-${deps.component}.conf`);
  return {
    async write(slot, artifact, target, signal) {
      const { format } = target.firmware;
      if (format !== 'swu') throw new AgentError('installer-failed', `format ${format} is not known to this installer`);
      const revision = hardwareRevision === undefined ? [] : ['-H', hardwareRevision];
      // No markers, no boot loader: what an image says of either changes nothing.
      const options = [
        '-f',
        config,
        '-l',
        ERRORS,
        '-M',
        '-m',
        '-B',
        'none',
        '-k',
        certificate,
        '-e',
        select[slot],
        ...revision,
      ];
      await files.write(config, CONFIG);
      await withVerifiedFile(artifact, target, path =>
        run({ program: 'swupdate', args: [...options, '-i', path], timeoutSeconds, signal }),
      );
      // Not all of its handlers flush what they write.
      await run({ program: 'sync', args: [], timeoutSeconds: SYNC_SECONDS, signal });
    },
    // It compared each image with its signed hash as it wrote; there is nothing left to compare with.
    fault: async () => undefined,
  };
}

async function run(call: ToolCall): Promise<void> {
  const ended = await runTool(call);
  if (ended.code !== 0) throw new AgentError('installer-failed', endingOf(call, ended));
}
