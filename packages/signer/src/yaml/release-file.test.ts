import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { SignerError } from '../signer-error.ts';
import { parseYaml } from './read-yaml.ts';
import { readReleaseFile, ReleaseFile, releaseRequest } from './release-file.ts';
import { schemaText, SCHEMAS, type SchemaName } from './schemas.ts';

const PLAIN = `format: tidegate-release-1
image: rootfs.img
product: gw2
channel: stable
component: rootfs
version: 1.4.0
hardware: [gw2-b]
class: maintenance
`;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-release-'));
});

/** What is told of the file, one line for each fault. */
async function told(text: string): Promise<string[]> {
  const path = join(dir, 'release.yaml');
  await writeFile(path, text);
  try {
    await readReleaseFile(path);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'file-invalid' });
    const { faults = [] } = error as SignerError;
    return faults.map(f => `${f.file}:${f.line}:${f.column}: ${f.path} ${f.message}`);
  }
}

test.each(Object.keys(SCHEMAS) as SchemaName[])(
  'the published schema of %s files is the one that is used',
  async name => {
    const published = new URL(`../../../../docs/schemas/${name}.schema.json`, import.meta.url);
    expect(await readFile(published, 'utf8')).toBe(schemaText(name));
  },
);

describe('a release file', () => {
  test('that is in order becomes a request, its texts English unless said, its image beside it', async () => {
    expect(await told(`${PLAIN}notes: Faster.\nmixedReason: {de: x}\nclass: x`)).not.toEqual([]);
    const text = PLAIN.replace('maintenance', 'security');
    expect(await told(`${text}fixes: [{id: CVE-1, risk: {en: Strangers could listen., de: Fremde.}}]`)).toEqual([]);
    const path = join(dir, 'release.yaml');
    const file = await readReleaseFile(path);
    expect(releaseRequest(file, path, {})).toMatchObject({
      file: join(dir, 'rootfs.img'),
      format: 'file',
      fixes: [{ id: 'CVE-1', risk: { en: 'Strangers could listen.', de: 'Fremde.' } }],
    });
  });

  test('says who may take it without a server and when, and is refused where that does not grow', async () => {
    const schedule = 'schedule:\n  - {afterHours: 0, basisPoints: 100}\n';
    expect(await told(`${PLAIN}${schedule}  - {afterHours: 24, basisPoints: 10000}\n`)).toEqual([]);
    expect(await told(`${PLAIN}${schedule}  - {afterHours: 24, basisPoints: 100}\nselfOfferAfterDays: 7\n`)).toEqual([
      'release.yaml:11:35: /schedule/1/basisPoints must be more than 100, that of the step before',
      'release.yaml:12:21: /selfOfferAfterDays is for class security only; the class is maintenance',
    ]);
  });

  test('with an unknown key is refused at that key, with the word that was meant', async () => {
    expect(await told(`${PLAIN}hardwares: [gw2-c]\n`)).toEqual([
      'release.yaml:9:1: /hardwares is not known here; did you mean hardware?',
    ]);
    expect(await told(`${PLAIN}__proto__: {a: 1}\n`)).toEqual(['release.yaml:9:1: /__proto__ is not known here']);
  });

  test('has every fault told at its place, not only the first', async () => {
    const text = `format: tidegate-release-1
product: gw2
chanel: stable
component: rootfs
version: 1.4
hardware: [gw2-b, Gw2]
class: urgent
notes: {deutsch: Hallo}
fixes:
  - id: CVE-1
    rsk: bad
requires: [{component: mcu, minCounter: 0}]
minBatteryPercent: full
disruptionSeconds: 1.5
`;
    expect(await told(text)).toEqual([
      'release.yaml:1:1: /channel is missing',
      'release.yaml:3:1: /chanel is not known here; did you mean channel?',
      'release.yaml:5:10: /version must be a text; put the number in quotes',
      'release.yaml:6:19: /hardware/1 does not fit ^[a-z][a-z0-9-]{0,31}$',
      'release.yaml:7:8: /class must be one of security, maintenance, feature',
      'release.yaml:8:8: /notes must be a text, or texts by language (en: …, de: …)',
      'release.yaml:10:5: /fixes/0/risk is missing',
      'release.yaml:11:5: /fixes/0/rsk is not known here; did you mean risk?',
      'release.yaml:12:41: /requires/0/minCounter must be >= 1',
      'release.yaml:13:20: /minBatteryPercent must be a whole number',
      'release.yaml:14:20: /disruptionSeconds must be a whole number',
    ]);
  });

  test('says what a fix protects from, and why fixes and features come together', async () => {
    expect(await told(PLAIN.replace('maintenance', 'security'))).toEqual([
      'release.yaml:1:1: /fixes is empty, but the class is security: say what it fixes and the risk in plain words.',
    ]);
    const mixed = `${PLAIN.replace('maintenance', 'feature')}fixes:\n  - {id: CVE-1, risk: "  "}\n`;
    expect(await told(mixed)).toEqual([
      'release.yaml:1:1: /mixedReason is missing: fixes and features come together here. Make two releases of it, or say why one.',
      'release.yaml:10:23: /fixes/0/risk says nothing of the risk that fix CVE-1 removes.',
    ]);
  });

  test('takes nothing of YAML that hides what is read', async () => {
    expect(await told(`${PLAIN}product: gw3\n`)).toEqual(['release.yaml:9:1:  Map keys must be unique']);
    expect(await told(`${PLAIN}notes: &n Hello\nmixedReason: *n\n`)).toEqual([
      'release.yaml:10:14:  an alias is not taken here',
    ]);
    expect(await told(`${PLAIN}notes: !secret x\n`)).toEqual(['release.yaml:9:8:  Unresolved tag: !secret']);
    expect(await told(`${PLAIN}? [a]\n: x\n`)).toEqual(['release.yaml:9:3:  a key must be a plain word']);
    expect(await told(`${PLAIN}---\n${PLAIN}`)).toHaveLength(1);
    expect(await told('')).toEqual(['release.yaml:1:1:  must be a mapping']);
    expect(await told('['.repeat(100_000))).not.toEqual([]);
  });

  test('leaves image and version to the call or says them, never both', async () => {
    await told(PLAIN);
    const path = join(dir, 'release.yaml');
    const file = await readReleaseFile(path);
    expect(() => releaseRequest(file, path, { version: '1.4.1' })).toThrow(expect.objectContaining({ code: 'usage' }));
    const { version: _v, image: _i, ...rest } = file;
    expect(releaseRequest(rest, path, { version: '1.4.1', image: 'x' })).toMatchObject({ version: '1.4.1', file: 'x' });
    expect(() => releaseRequest(rest, path, { image: 'x' })).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test('of any bytes is judged, never crashed on', () => {
    const yaml = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'grapheme' }).map(text => Buffer.from(`${PLAIN}${text}`)),
      fc.json().map(text => Buffer.from(text)),
    );
    fc.assert(
      fc.property(yaml, bytes => {
        try {
          parseYaml(bytes, 'x.yaml', ReleaseFile);
        } catch (error) {
          expect(error).toBeInstanceOf(SignerError);
          expect((error as SignerError).faults?.every(f => f.line >= 1 && f.column >= 1)).toBe(true);
        }
      }),
    );
  });
});
