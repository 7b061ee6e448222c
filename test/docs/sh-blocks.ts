/**
 * The commands of a markdown page, as one script: what a reader copies is what is tested. A line that ends in
 * `# exits with N` must exit with N, every other one with 0.
 */

/** The text of each fenced `sh` block, in order. */
export function shBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);
}

/** Joins the blocks into a bash script that stops at the first command that exits otherwise than it says. */
export function scriptOf(blocks: readonly string[]): string {
  const lines = blocks.flatMap(block => block.replaceAll('\\\n', ' ').split('\n'));
  return ['set -euo pipefail', ...lines.map(expectingExit), ''].join('\n');
}

function expectingExit(line: string): string {
  const [, command, code] = /^(.*?)\s+# exits with (\d+)$/.exec(line) ?? [];
  if (command === undefined || code === undefined) return line;
  const wrong = `{ echo "exited with $exit, not with ${code}: ${line.replaceAll(/["$`\\]/g, '')}" >&2; exit 99; }`;
  return `exit=0; ${command} || exit=$?; [ "$exit" = ${code} ] || ${wrong}`;
}
