/** Which rollout is meant: the one with this id, or the only one with this name. */
import { RolloutView } from '@tidegate/protocol';
import { Argument, InvalidArgumentError } from 'commander';
import type { AdminApi } from '../api/admin-api.ts';
import { CliError } from '../cli-error.ts';
import { hex32 } from '../command.ts';

const NAME_CHARS_MAX = 200;
/** Newest first: beyond so many, only the id helps. */
const LOOKED_AT_MOST = 10_000;
const TOLD_MOST = 5;

export function rolloutArgument(): Argument {
  return new Argument('<rollout>', 'rollout id, or its name where no other has the same').argParser(idOrName);
}

/** What looks like an id is never taken for a name: a slip must not reach another rollout. */
function idOrName(text: string): string {
  if (/^[0-9a-f]{32}$/i.test(text)) return hex32(text);
  if (text === '' || text.length > NAME_CHARS_MAX) throw new InvalidArgumentError('Give a rollout’s id or its name.');
  return text;
}

/** @returns its id @throws CliError `rollout-unknown`, `rollout-ambiguous` */
export async function rolloutMeant(api: AdminApi, given: string): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(given)) return given;
  const found: string[] = [];
  for await (const rollouts of api.pages('/rollouts', {}, RolloutView, LOOKED_AT_MOST))
    found.push(...rollouts.filter(r => r.name === given).map(r => r.id));
  const [id, ...others] = found;
  if (id === undefined)
    throw new CliError('rollout-unknown', 'No rollout has this id or name; see: tidegate rollout list.');
  if (others.length === 0) return id;
  const told = found.slice(0, TOLD_MOST).join(', ');
  throw new CliError('rollout-ambiguous', `${found.length} rollouts have this name; give an id, newest first: ${told}`);
}
