/** The gate against known failure rates, slow bricks and repeated looks. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { plotted, runStudies, withStudies } from './gate-page.ts';
import { gatePlot } from './gate-plot.ts';
import { PATIENT, type StudyLine } from './gate-study.ts';

const PAGE = new URL('../../docs/gates.md', import.meta.url);
const PICTURE = new URL('../../docs/images/gate-simulation.svg', import.meta.url);
const studies = runStudies();
const line = (name: string) => studies.patient.find(l => l.name.startsWith(name)) as StudyLine;

test('success threshold auto-advances: a good release always reaches the whole fleet, through every phase', () => {
  expect(line('fails nowhere').completed).toBe(line('fails nowhere').runs);
  expect(line('fails on 1 %').completed / line('fails on 1 %').runs).toBeGreaterThan(0.98);
});

test('halts no more of those that fail exactly as often as they may than it was told, however often it looks', () => {
  const { halted, runs } = line('fails on 2 %');
  expect(halted / runs).toBeLessThanOrEqual(PATIENT.gate.significance / 10_000);
});

test('error threshold auto-halts: a bad release, before it has reached many; the few that it does not halt it holds', () => {
  for (const name of ['fails on 6 %', 'fails on 10 %', 'fails on 20 %', 'fails on 50 %', 'fails everywhere']) {
    expect(line(name).completed).toBe(0);
    expect(line(name).halted / line(name).runs).toBeGreaterThan(0.9);
  }
  expect(line('fails on 10 %').begun?.median).toBeLessThanOrEqual(0.05 * PATIENT.devices);
  expect(line('fails everywhere').begun?.worst).toBeLessThanOrEqual(10);
});

test('halts or holds a release that kills devices without a word, always, and before its last phase', () => {
  for (const name of ['kills 5 % in the trial', 'kills 20 % in the trial']) expect(line(name).completed).toBe(0);
  expect(line('kills 5 % in the trial').begun?.worst).toBeLessThanOrEqual(0.5 * PATIENT.devices);
  expect(line('kills 20 % in the trial').begun?.worst).toBeLessThanOrEqual(0.1 * PATIENT.devices);
});

test('holds a release that kills devices after they verified, before it has reached half of the fleet', () => {
  const { completed, begun } = line('kills 20 % after');
  expect(completed).toBe(0);
  expect(begun?.worst).toBeLessThanOrEqual(0.1 * PATIENT.devices);
  expect(line('kills 5 % after').held / line('kills 5 % after').runs).toBeGreaterThan(0.9);
});

test('is what the documents show: npm run simulate -- gate --write writes it again', async () => {
  const page = await readFile(PAGE, 'utf8');
  expect(withStudies(page, studies)).toBe(page);
  expect(gatePlot(plotted(studies), PATIENT.devices)).toBe(await readFile(PICTURE, 'utf8'));
});
