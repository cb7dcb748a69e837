import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { SourcePosition } from '../model/error.ts';
import { position, type SourceDocument } from './document.ts';
import type { Path } from './kind.ts';

/** A value inside a document: its node, and where it begins: its key in a map, itself in a list. */
interface Child {
  readonly node: unknown;
  readonly offset: number;
}

/**
 * The place of a path in the text: of a plain value, else of the key or list element that holds it, else of the nearest
 * parent that is there. `key` asks for the key in any case. Values behind an alias are found where they are written.
 */
export function positionOf(document: SourceDocument, path: Path, prefer: 'value' | 'key' = 'value'): SourcePosition {
  let node: unknown = document.yaml.contents;
  let offset = offsetOf(node) ?? document.yaml.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    const child = childOf(resolved(document, node), part);
    if (!child) break;
    node = child.node;
    const isPlainValue = isScalar(node) && node.source !== undefined && node.source !== '';
    const wantsValue = prefer === 'value' && index === path.length - 1 && isPlainValue;
    offset = (wantsValue ? offsetOf(node) : undefined) ?? child.offset;
  }
  return position(document.file, document.lines, offset);
}

function childOf(node: unknown, part: string | number): Child | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : null) === String(part));
    const offset = offsetOf(pair?.key);
    return pair && offset !== undefined ? { node: pair.value, offset } : null;
  }
  if (!isSeq(node) || typeof part !== 'number') return null;
  const item = node.items[part];
  const offset = offsetOf(item);
  return offset === undefined ? null : { node: item, offset };
}

function resolved(document: SourceDocument, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document.yaml) : node;
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
