/**
 * Runs a recipe's jobs as its CI does: each in a fresh checkout, in bash that stops at the first fault, with the
 * environment that the recipe and the CI give it, and with what the jobs before handed on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Job } from './recipe.ts';

export interface Pipeline {
  readonly jobs: readonly Job[];
  /** The firmware's repository, checked out. */
  readonly project: string;
  /** What `${{ … }}` and the CI's own variables stand for. */
  readonly settings: Readonly<Record<string, string>>;
  /** What a job that may ask for tokens gets, for the audience that its recipe names. */
  readonly identity: (audience: string | undefined) => Promise<Readonly<Record<string, string>>>;
}

export interface PipelineEnd {
  /** Of the last job that ran. */
  readonly job: string;
  readonly code: number | null;
  /** Whether the pipeline is green. */
  readonly passed: boolean;
  readonly output: string;
  /** The folder in which the last job ran. */
  readonly workspace: string;
}

export async function runPipeline(pipeline: Pipeline): Promise<PipelineEnd> {
  const handed: string[] = [];
  let output = '';
  for (const [i, job] of pipeline.jobs.entries()) {
    const workspace = await mkdtemp(join(dirname(pipeline.project), 'job-'));
    await cp(pipeline.project, workspace, { recursive: true });
    for (const path of handed)
      await cp(path, join(workspace, path.slice(path.indexOf('/./') + 3)), { recursive: true });
    const env = { ...(await environmentOf(pipeline, job)), HOME: workspace };
    const script = await bash(job.script, workspace, env);
    const after = await bash(job.afterwards, workspace, env);
    output += script.output + after.output;
    const passed = script.code === 0 || job.allowedExits.includes(script.code ?? -1);
    const { name, handsOn } = job;
    if (!passed || i === pipeline.jobs.length - 1) return { job: name, code: script.code, passed, output, workspace };
    handed.push(...handsOn.map(path => `${workspace}/./${path}`));
  }
  throw new Error('the recipe has no job');
}

async function environmentOf({ settings, identity }: Pipeline, job: Job): Promise<Record<string, string>> {
  const expanded = Object.entries(job.env).map(([name, value]) => [name, expand(value, settings)] as const);
  const variables = Object.entries(settings).filter(([name]) => /^\w+$/.test(name));
  const audience = job.token?.audience?.replace(/^\$(\w+)$/, (_all, name: string) => settings[name] ?? '');
  return {
    PATH: process.env['PATH'] ?? '',
    ...Object.fromEntries([...variables, ...expanded]),
    ...(job.token && (await identity(audience))),
  };
}

/** `${{ secrets.FW_KEY }}` is the setting of that name. */
function expand(text: string, settings: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_all, name: string) => {
    const value = settings[name];
    if (value === undefined) throw new Error(`the recipe asks for ${name}, which nobody set`);
    return value;
  });
}

async function bash(script: string, cwd: string, env: Readonly<Record<string, string>>) {
  const child = spawn('bash', ['-eo', 'pipefail', '-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output.join('') };
}
