/** The programs as they are deployed: what `npm run build` makes, in a folder of the test's. */
import { join } from 'node:path';
import { runToEnd } from './child.ts';

const BUILD = join(import.meta.dirname, '../../scripts/build.ts');

export interface Bundles {
  readonly folder: string;
  /** The file of a program, such as `tidegate-agent`. */
  program(name: string): string;
}

/** @throws Error with what the build said */
export async function buildBundles(folder: string): Promise<Bundles> {
  const { code, stderr } = await runToEnd([BUILD, '--out', folder]);
  if (code !== 0 || stderr !== '') throw new Error(`the build ended with ${code}: ${stderr}`);
  return { folder, program: name => join(folder, name, `${name}.${name === 'tidegate-agent' ? 'cjs' : 'mjs'}`) };
}
