import { KreError } from '../model/error.ts';

const plainWord = /^[A-Za-z0-9_@%+=:,./-]+$/;
/** Beyond printable ASCII, virsh's line editor completes on tabs and takes high bytes for keys. */
const unprintable = /[^ -~]/;

/**
 * One word for virsh's own parser, which knows quotes, backslashes and `;` as a shell does. Only printable ASCII can be
 * said (`asciiJson` of the model makes such text); anything else is a defect of the caller and throws `Internal`.
 */
export function quoteWord(word: string): string {
  if (unprintable.test(word)) {
    throw new KreError({
      code: 'Internal',
      message: 'a word for virsh holds a character that virsh would not read as itself',
      hint: 'This is a defect of kreconcile: please report it.',
      disposition: 'bug',
    });
  }
  return plainWord.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
