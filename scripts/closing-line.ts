/** The one reporter of every suite: ends a run with `N passed, N failed`. A test that did not run counts as failed. */
import type { Reporter, TestModule } from 'vitest/node';
import { wantingWords } from './test-needs.ts';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const passed = count(modules, 'passed');
    const failed = count(modules, 'failed') + count(modules, 'skipped') + count(modules, 'pending');
    // A file that could not be loaded has no tests to fail, and an error outside of any test belongs to none.
    const broken = modules.filter(m => m.errors().length > 0).length + errors.length;
    const wanting = wantingWords();
    if (wanting !== undefined) process.stdout.write(`\n${wanting}\n`);
    process.stdout.write(`\n${passed} passed, ${failed + broken} failed\n`);
    if (failed + broken > 0 || passed === 0) process.exitCode = 1;
  }
}

function count(modules: readonly TestModule[], state: 'passed' | 'failed' | 'skipped' | 'pending'): number {
  return modules.reduce((sum, m) => sum + [...m.children.allTests(state)].length, 0);
}
