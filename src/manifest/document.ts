import { type Document, LineCounter } from 'yaml';
import type { SourcePosition } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import { composeDocuments } from './compose.ts';
import { type PlacedTrouble, readNodes, type Trouble, tooDeep } from './node-trouble.ts';

/** Text of one manifest file; `path` is what messages call it, relative to the manifest folder. */
export interface ManifestFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** One document that is not empty and reads well: its value as plain data, and its nodes for positions. */
export interface SourceDocument {
  readonly file: string;
  readonly yaml: Document;
  readonly lines: LineCounter;
  readonly value: unknown;
}

export interface ParsedFile {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
}

/** Bounds that keep a hostile or mistaken file from taking the agent's memory or time. */
export const limits = { fileBytes: 2 ** 20, documentsPerFile: 500, problemsPerDocument: 5 } as const;

/** The documents of a file. What cannot be read is a problem; the other documents of the file are still returned. */
export function parseFile(file: ManifestFile): ParsedFile {
  const sizeBytes = typeof file.content === 'string' ? Buffer.byteLength(file.content) : file.content.byteLength;
  if (sizeBytes > limits.fileBytes) return { documents: [], problems: [tooLarge(file.path, sizeBytes)] };
  const text = decode(file.content);
  if (text === null) return { documents: [], problems: [noText(file)] };
  return parseText(file.path, text);
}

/** The problem of a file over the size limit; also for a file that is not even read because of it. */
export function tooLarge(file: string, sizeBytes: number): Problem {
  const found = `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
  const hint = 'Split it, or move what is no manifest out of the folder.';
  return fileProblem(file, {
    code: 'ManifestLimit',
    found,
    allowed: 'at most 1 MiB',
    message: `the file has ${found}`,
    hint,
  });
}

/** A problem of a file or folder as a whole. */
export function fileProblem(file: string, trouble: Trouble): Problem {
  return { ...trouble, file, line: 0, column: 0, path: '' };
}

/** The first place that is no text: a letter saved in another encoding, or anything in a file that is none at all. */
function noText({ path, content }: ManifestFile): Problem {
  const lenient = typeof content === 'string' ? content : new TextDecoder('utf-8').decode(content);
  const before = lenient.slice(0, Math.max(0, lenient.search(NO_TEXT))).split('\n');
  return {
    code: 'ManifestSyntax',
    found: 'bytes that are no UTF-8 text',
    allowed: 'UTF-8 text',
    message: 'the file is not UTF-8 text from here on',
    hint: 'Save it as UTF-8, or move it out of the folder.',
    file: path,
    line: before.length,
    column: (before.at(-1) ?? '').length + 1,
    path: '',
  };
}

const tooManyDocuments: Trouble = {
  code: 'ManifestLimit',
  found: `document ${limits.documentsPerFile + 1}`,
  allowed: `at most ${limits.documentsPerFile} documents a file`,
  message: `the file has more than ${limits.documentsPerFile} documents`,
  hint: 'Split it into several files.',
};

/** A reader that decodes leniently leaves U+FFFD where the bytes were no text. */
const NO_TEXT = /[\0\uFFFD]/;

function decode(content: string | Uint8Array): string | null {
  try {
    const text = typeof content === 'string' ? content : new TextDecoder('utf-8', { fatal: true }).decode(content);
    return NO_TEXT.test(text) ? null : text;
  } catch {
    return null;
  }
}

function parseText(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  const place = ({ offset, trouble, relatedOffset }: PlacedTrouble): Problem => ({
    ...trouble,
    ...position(file, lines, offset),
    path: '',
    related: relatedOffset === undefined ? undefined : position(file, lines, relatedOffset),
  });
  let count = 0;
  for (const composed of composeDocuments(text, lines)) {
    if ('tooDeepAt' in composed) {
      problems.push(place({ offset: composed.tooDeepAt, trouble: tooDeep }));
      break;
    }
    const { yaml } = composed;
    if (++count > limits.documentsPerFile) {
      problems.push(place({ offset: yaml.range?.[0] ?? 0, trouble: tooManyDocuments }));
      break;
    }
    const read = readNodes(yaml);
    if ('troubles' in read) {
      problems.push(...read.troubles.slice(0, limits.problemsPerDocument).map(place));
    } else if (read.value !== null) {
      documents.push({ file, yaml, lines, value: read.value });
    }
  }
  return { documents, problems };
}

/** The place of an offset into the text of a file. */
export function position(file: string, lines: LineCounter, offset: number): SourcePosition {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}
