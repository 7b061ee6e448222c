/**
 * Text from outside as PostgreSQL can hold it: without NUL and without halves of surrogate pairs. One device that sends
 * such a text must not make a batch with others fail.
 */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '');
}
