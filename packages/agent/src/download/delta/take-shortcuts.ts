/**
 * Tries the shorter ways to an image before the image itself is asked for. Whatever goes wrong with one costs no more than
 * data: it is told, remembered, and passed over; the sink keeps what was right. That none of them leads astray is judged by
 * the full image's hash alone.
 */
import { AgentError, asAgentError } from '../../agent-error.ts';
import type { ArtifactSink, Shortcuts, SignedArtifact } from '../../ports.ts';
import type { DownloadRecord } from '../download-record.ts';
import { applyChunks } from './apply-chunks.ts';
import { applyPatch } from './apply-patch.ts';
import type { RangeSource } from './fetch-range.ts';
import { type OldFile, openOldFile } from './old-file.ts';
import type { WayEnd } from './way-end.ts';
import { type Way, waysTo } from './ways.ts';

/** A line that breaks is tried again later, by the same way; not for ever. */
const TRIES_MAX = 3;

export interface TakeShortcuts extends Shortcuts {
  readonly target: SignedArtifact;
  readonly sources: readonly string[];
  readonly rangeOf: (source: string) => RangeSource;
  readonly sink: ArtifactSink;
  readonly record: DownloadRecord;
  readonly onBytes: (received: number) => void;
}

/** @throws AgentError network (try again), data-budget, stopped, those of the disk */
export async function takeShortcuts(take: TakeShortcuts): Promise<void> {
  const { target, sink, record, oldImage } = take;
  for (const way of waysTo(target, take.deltas, oldImage)) {
    if (sink.size() === target.lengthBytes) return;
    if (record.triesOf(way.delta.sha256) >= TRIES_MAX) continue;
    await using old = await openOldFile(oldImage);
    const fault = await go(take, way, old);
    if (!fault) return;
    const isBroken = fault.code === 'network';
    const tries = await record.noteTry(way.delta.sha256, isBroken ? 1 : TRIES_MAX);
    if (tries < TRIES_MAX) throw fault;
    await take.onGivenUp(way.delta, fault);
  }
}

/** @returns why the way was not gone to its end; undefined where it was, and the sink has the image */
async function go(take: TakeShortcuts, way: Way, old: OldFile): Promise<AgentError | undefined> {
  const { sources, target, sink } = take;
  let fault = new AgentError('network', 'no source of artifacts is configured');
  for (const source of sources) {
    const end = await tryAt(take, way, old, source);
    if (end instanceof AgentError) fault = end;
    else if (end.kind === 'whole') {
      if ((await sink.seal()) === target.sha256) return undefined;
      await sink.empty();
      return new AgentError('artifact-hash', 'what came out is not the image that was signed');
    } else {
      fault = new AgentError('requirement-missing', end.why);
      if (end.kind === 'unfit') return fault;
    }
  }
  return fault;
}

async function tryAt(take: TakeShortcuts, way: Way, old: OldFile, source: string): Promise<WayEnd | AgentError> {
  const { target, sink, onBytes } = take;
  const range = take.rangeOf(source);
  try {
    return way.kind === 'patch'
      ? await applyPatch({ range, delta: way.delta, old, sink, imageBytes: target.lengthBytes, onBytes })
      : await applyChunks({ range, delta: way.delta, image: target, old, sink, onBytes });
  } catch (error) {
    const fault = asAgentError(error);
    if (['network', 'artifact-hash', 'artifact-length'].includes(fault.code)) return fault;
    throw fault;
  }
}
