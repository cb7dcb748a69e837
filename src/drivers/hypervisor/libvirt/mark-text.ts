import { asciiJson } from '../../../model/ascii-json.ts';
import type { Mark } from '../../../model/mark.ts';
import { attribute, element, text, type XmlNode } from './xml.ts';

/** Namespace of the mark in a domain's metadata. */
export const markNamespace = 'https://kreconcile.dev/mark/1';
/** The prefix that libvirt keeps for it. */
export const markPrefix = 'kreconcile';

/** The mark's JSON; needs no escape in XML nor more than quotes in virsh. */
export function markText(mark: Mark): string {
  return asciiJson(mark);
}

/** Our mark among a domain's metadata: `null` if there is none, `unreadable` for what stands in our namespace and is no mark. */
export function readMark(metadata: XmlNode): Mark | null | 'unreadable' {
  const ours = Object.entries(element(metadata))
    .flatMap(([name, nodes]) => (Array.isArray(nodes) ? nodes : [nodes]).map((node: XmlNode) => ({ name, node })))
    .filter(({ name, node }) => namespaceOf(name, node) === markNamespace);
  const [only] = ours;
  if (!only) return null;
  return ours.length === 1 ? markOfText(text(only.node)) : 'unreadable';
}

function namespaceOf(name: string, node: XmlNode): string | undefined {
  const colon = name.indexOf(':');
  return attribute(node, colon < 0 ? 'xmlns' : `xmlns:${name.slice(0, colon)}`);
}

/** A mark from its JSON. What an older release did not write yet is filled with what it meant then. */
export function markOfText(json: string): Mark | 'unreadable' {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return 'unreadable';
  }
  if (!isMark(value)) return 'unreadable';
  return { ...absent, ...value };
}

const absent = {
  address: null,
  previousGeneration: null,
  provenAtMs: null,
  quarantined: [],
  prune: 'Confirm',
  deletionPolicy: 'Retain',
  revision: '',
} as const;

/** What a mark cannot be without; the fields of its spec are compared one by one, and an absent one is "as it was". */
function isMark(value: unknown): value is Mark {
  if (!isRecord(value) || !isRecord(value['object']) || !isRecord(value['spec'])) return false;
  const { schema, owner, machine, generation, object, spec } = value;
  return (
    schema === 1 &&
    typeof owner === 'string' &&
    typeof machine === 'string' &&
    Number.isSafeInteger(generation) &&
    (object['kind'] === 'Cluster' || object['kind'] === 'Machine') &&
    typeof object['name'] === 'string' &&
    isRecord(spec['image']) &&
    isRecord(spec['network'])
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
