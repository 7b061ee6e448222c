/** Work of a benchmark in a process of its own, so that it does not sit on the core of what is measured. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a module that calls `answerParent`, hands it the question, and waits for its answer.
 * @param module URL of the module
 */
export async function askOwnProcess<Answer>(module: URL, question: object): Promise<Answer> {
  const child = fork(module, { serialization: 'advanced' });
  child.send(question);
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`${module.pathname} ended with ${String(code)} and without an answer`);
  });
  try {
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [Answer];
    return answer;
  } finally {
    ended.catch(() => undefined);
    child.kill();
  }
}

/** @param work takes what `askOwnProcess` was given */
export async function answerParent(work: (question: never) => Promise<object>): Promise<void> {
  const [question] = (await once(process, 'message')) as [never];
  process.send?.(await work(question));
}
