/** Whether a version of RAUC can be trusted with a bundle of a format. Pure. */

/** CVE-2026-34155 is mended from here on. */
const MENDED = [1, 15, 2] as const;
/** From so many bytes on, older versions check the beginning of a plain bundle only. */
export const PLAIN_BYTES_MAX = 2 ** 31 - 1;

/**
 * What a distribution mended without raising the version is refused as well: nothing tells it apart.
 * @param version as `rauc --version` says it
 * @returns why not, or undefined
 */
export function bundleFault(
  version: string,
  bundle: { readonly format: string; readonly lengthBytes: number },
  plainBytesMax = PLAIN_BYTES_MAX,
): string | undefined {
  if (bundle.format !== 'plain' || bundle.lengthBytes <= plainBytesMax || isMended(version)) return undefined;
  return `${version} checks only a part of plain bundles of this size (CVE-2026-34155): use format=verity, or RAUC ${MENDED.join('.')}`;
}

function isMended(version: string): boolean {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  if (!found) return false;
  const numbers = found.slice(1).map(part => Number(part ?? 0));
  for (const [i, least] of MENDED.entries()) {
    const number = numbers[i] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}
