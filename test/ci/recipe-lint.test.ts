/** The recipes as their CIs' own readers see them, and the promises that they make by their settings. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { expect, test } from 'vitest';
import { readGitHub, readGitLab, RECIPES } from './recipe.ts';

const faultsIn = (content: string) =>
  parseWorkflow({ name: 'release.yaml', content }, new NoOperationTraceWriter())
    .context.errors.getErrors()
    .map(error => error.message);

test('GitHub’s own parser finds no fault in the workflow, and would find one', async () => {
  const workflow = await readFile(join(RECIPES, 'github-actions.yaml'), 'utf8');
  expect(faultsIn(workflow)).toEqual([]);
  expect(faultsIn(workflow.replace('timeout-minutes', 'timeout-minuts'))).toHaveLength(1);
});

test('at GitHub every action is pinned by its commit, and no job has a right that it does not need', async () => {
  const { permissions, jobs } = await readGitHub();
  expect(permissions).toEqual({});
  const used = Object.values(jobs).flatMap(job => job.steps.flatMap(step => step.uses ?? []));
  expect(used).not.toEqual([]);
  expect(used).toEqual(used.map(() => expect.stringMatching(/^actions\/[a-z-]+@[0-9a-f]{40}$/)));
  expect(Object.entries(jobs).map(([name, job]) => [name, job.permissions, job.environment])).toEqual([
    ['build', { contents: 'read' }, undefined],
    ['sign', { contents: 'read', 'id-token': 'write' }, 'release'],
  ]);
});

test('neither CI gives key or token to the job that builds', async () => {
  const { build } = (await readGitHub()).jobs;
  expect(JSON.stringify(build)).not.toMatch(/secrets\.|FW_KEY|id-token/);
  const { build: gitLabBuild } = await readGitLab();
  expect(JSON.stringify(gitLabBuild)).not.toMatch(/FW_KEY|id_tokens|environment/);
});

test('no text of a tag or a release is put into a script: it comes as a variable', async () => {
  const scripts = Object.values((await readGitHub()).jobs).flatMap(job => job.steps.flatMap(step => step.run ?? []));
  expect(scripts).not.toEqual([]);
  for (const script of scripts) expect(script).not.toContain('${{');
});
