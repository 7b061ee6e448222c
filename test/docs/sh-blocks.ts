/**
 * The commands of a markdown page, as one script: what a reader copies is what is tested. A line that ends in
 * `# exits with N` must exit with N, every other one with 0. A `text` block right after is what the reader sees.
 */

export interface ShBlock {
  readonly sh: string;
  readonly seen?: string;
}

/** Each fenced `sh` block, in order. */
export function shBlocks(markdown: string): ShBlock[] {
  const fences = markdown.matchAll(/^```sh\n(.*?)^```\n(?:\n(?:[^\n`#][^\n]*\n\n)?```text\n(.*?)^```$)?/gms);
  return [...fences].map(([, sh = '', seen]) => (seen === undefined ? { sh } : { sh, seen }));
}

/** Between the outputs of two blocks. */
const NEXT = '==== next block ====';

/** Joins the blocks into a bash script that stops at the first command that exits otherwise than it says. */
export function scriptOf(blocks: readonly ShBlock[]): string {
  const prologue = ['set -eEuo pipefail', `trap 'echo "failed: $BASH_COMMAND"' ERR`];
  return [...prologue, ...blocks.flatMap(linesOf), ''].join('\n');
}

function linesOf({ sh }: ShBlock): string[] {
  return [...sh.replaceAll('\\\n', ' ').split('\n').map(expectingExit), `echo '${NEXT}'`];
}

function expectingExit(line: string): string {
  const [, command, code] = /^(.*?)\s+# exits with (\d+)$/.exec(line) ?? [];
  if (command === undefined || code === undefined) return line;
  const wrong = `{ echo "exited with $exit, not with ${code}: ${line.replaceAll(/["$`\\]/g, '')}"; exit 99; }`;
  return `exit=0; ${command} || exit=$?; [ "$exit" = ${code} ] || ${wrong}`;
}

/**
 * The lines that a page shows and that its commands did not print, in this order, within the same block. Loosely: any
 * spaces are as good as others, `…` stands for anything, and what is printed between them does not matter.
 */
export function unseen(blocks: readonly ShBlock[], output: string): string[] {
  const printed = output.split(NEXT);
  return blocks.flatMap(({ seen = '' }, i) => {
    const left = (printed[i] ?? '').split('\n').map(squeezed);
    return seen
      .split('\n')
      .map(squeezed)
      .filter(line => {
        if (line === '') return false;
        const at = left.findIndex(candidate => fits(line, candidate));
        left.splice(0, at + 1);
        return at === -1;
      });
  });
}

function squeezed(line: string): string {
  return line.trim().replaceAll(/\s+/g, ' ');
}

function fits(shown: string, printed: string): boolean {
  const pattern = shown
    .split('…')
    .map(text => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(printed);
}
