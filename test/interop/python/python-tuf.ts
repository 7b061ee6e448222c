/** python-tuf, in a virtual environment of its own, by the hashes in requirements.txt. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runWell } from '../command.ts';
import { toolFolder } from '../tool-folder.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** Whatever has to be fetched and unpacked. */
export const PYTHON_WITHIN_MS = 5 * 60_000;

/** @returns the interpreter that knows python-tuf */
export async function pythonWithTuf(): Promise<string> {
  const folder = await toolFolder('python-tuf', await readFile(REQUIREMENTS), async into => {
    const within = { withinMs: PYTHON_WITHIN_MS };
    await runWell('python3', ['-m', 'venv', into], within);
    const pip = ['-m', 'pip', '--quiet', '--disable-pip-version-check', 'install', '--require-hashes'];
    await runWell(join(into, 'bin/python'), [...pip, '--requirement', REQUIREMENTS], within);
  });
  return join(folder, 'bin/python');
}
