import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { KreError } from '../../../model/error.ts';

/** An element: attributes as `@name`, text as `#text`, children by name, repeated children as a list. */
export type XmlElement = { readonly [key: string]: XmlNode };
export type XmlNode = string | XmlElement | readonly XmlNode[] | undefined;

const form = { ignoreAttributes: false, attributeNamePrefix: '@', suppressEmptyNode: true } as const;
const parser = new XMLParser({
  ...form,
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  // Paths are kept for callbacks that there are none of; writing each out is a quarter of the work.
  jPath: false,
});
const builder = new XMLBuilder({ ...form, format: true, suppressBooleanAttributes: false });

/** The root element's children by name. Throws `VirshFailed` for what is not XML, or declares entities. */
export function parseXml(xml: string): XmlElement {
  if (/<!DOCTYPE/i.test(xml)) throw unreadableXml('it declares a document type');
  try {
    return parser.parse(xml) as XmlElement;
  } catch (cause) {
    throw unreadableXml(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** XML text of one element tree, escaped. */
export function buildXml(tree: Readonly<Record<string, unknown>>): string {
  return builder.build(tree);
}

/** All children of that name; none is an empty list. */
export function children(node: XmlNode, name: string): readonly XmlNode[] {
  const child = element(node)[name];
  if (child === undefined) return [];
  return Array.isArray(child) ? child : [child];
}

/** The first child of that name. */
export function child(node: XmlNode, ...path: readonly string[]): XmlNode {
  return path.reduce((at: XmlNode, name) => children(at, name)[0], node);
}

export function attribute(node: XmlNode, name: string): string | undefined {
  const value = element(node)[`@${name}`];
  return typeof value === 'string' ? value : undefined;
}

/** The element's own text; empty if it has none. */
export function text(node: XmlNode): string {
  if (typeof node === 'string') return node;
  const own = element(node)['#text'];
  return typeof own === 'string' ? own : '';
}

/** Attributes and children; empty for an element that has neither. */
export function element(node: XmlNode): XmlElement {
  return typeof node === 'object' && !Array.isArray(node) ? (node as XmlElement) : {};
}

function unreadableXml(what: string, cause?: unknown): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `libvirt gave a description that cannot be read: ${what}`,
    hint: 'See what virsh dumpxml prints for the domains of this host.',
    disposition: 'retry',
    cause,
  });
}
