/**
 * The in-guest program is one POSIX sh file, kept here in parts. A distribution's library goes where main.sh has the
 * marker, so it may use everything that stands before it and replaces the stand-ins there.
 */

/** Files beside this one that make the base, in order. */
export const programParts = [
  'head.sh',
  'text.sh',
  'files.sh',
  'services.sh',
  'state.sh',
  'state-units.sh',
  'operations.sh',
  'nodes.sh',
  'survey.sh',
  'status.sh',
  'main.sh',
] as const;

/** The line that a library takes the place of. */
const libraryMarker = '#@ library\n';

/** The base from the texts of its parts, in the order of `programParts`. */
export function joinParts(texts: readonly string[]): string {
  return texts.join('\n');
}

/** The program that is installed: the base with a distribution's library in it, or without any for a plain machine. */
export function assembleProgram(base: string, library: string | null): string {
  const [before, after, ...more] = base.split(libraryMarker);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error('the base of the in-guest program must hold its library marker exactly once');
  }
  return `${before}${library === null ? '' : `${library.trim()}\n`}${after}`;
}
