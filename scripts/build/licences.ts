/** The licences of other people's packages that a bundle contains: most of them ask that their text goes along. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly folder: string;
}

/**
 * @param inputs files of the bundle, relative to `root`
 * @returns one text: each package with its version, the name of its licence, and the licence's text where it brings one
 * @throws Error for a package that names no licence
 */
export async function collectLicences(root: string, inputs: readonly string[]): Promise<string> {
  const packages = new Map<string, Package>();
  for (const input of inputs.filter(path => path.includes('node_modules/'))) {
    const found = await packageOf(join(root, input));
    packages.set(`${found.name}@${found.version}`, found);
  }
  const entries = await Promise.all([...packages].toSorted(byName).map(async ([id, found]) => entry(id, found)));
  return entries.join(`\n${'-'.repeat(80)}\n\n`);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a.localeCompare(b);
}

/** Some packages have further manifests below, which say how files are to be read, without a name. */
async function packageOf(file: string): Promise<Package> {
  for (let folder = dirname(file); folder.includes('node_modules'); folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    const { name, version, license } = JSON.parse(text) as Partial<Package>;
    if (name === undefined || version === undefined) continue;
    if (typeof license !== 'string') throw new Error(`${name}@${version} names no licence`);
    return { name, version, license, folder };
  }
  throw new Error(`${file} belongs to no package`);
}

async function entry(id: string, { license, folder }: Package): Promise<string> {
  const files = (await readdir(folder)).filter(name => /^(licen[cs]e|notice)/i.test(name)).toSorted();
  const texts = await Promise.all(files.map(name => readFile(join(folder, name), 'utf8')));
  return [`${id} (${license})`, ...texts].map(text => `${text.trim()}\n`).join('\n');
}
