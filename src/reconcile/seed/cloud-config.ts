import { type Alias, Document, parseDocument, type Scalar, visit } from 'yaml';
import { KreError } from '../../model/error.ts';

/** A cloud-config document as data. */
export type CloudConfig = Readonly<Record<string, unknown>>;

/**
 * cloud-init reads YAML 1.1, in which `yes` is true and 0644 is octal: text is read and written as that version. Long texts that stand
 * in the document twice are written once, with an alias.
 */
const dialect = { version: '1.1', merge: true } as const;
const aliasedLength = 1000;

/** User-data text. Keys keep their order. */
export function cloudConfigText(config: CloudConfig): string {
  const document = new Document(config, { version: '1.1' });
  const seen = new Map<string, Scalar>();
  visit(document, {
    Scalar: (key, node): Alias | undefined => {
      if (typeof node.value !== 'string' || node.value.length < aliasedLength || key === 'key') return undefined;
      const first = seen.get(node.value);
      if (first) return document.createAlias(first, `text${[...seen.keys()].indexOf(node.value) + 1}`);
      seen.set(node.value, node);
      return undefined;
    },
  });
  return `#cloud-config\n${document.toString({ lineWidth: 0 })}`;
}

/** Keys of a Machine's user-data that would take the ground away from under ours. */
const refusedKeys = [
  'cloud_init_modules',
  'cloud_config_modules',
  'cloud_final_modules',
  'datasource',
  'datasource_list',
  'merge_how',
  'merge_type',
];

/** A Machine's user-data as data; `ManifestInvalid` for what is no cloud-config, or would break what kreconcile itself needs. */
export function readUserData(machine: string, text: string): CloudConfig {
  if (!/^#cloud-config\s*$/m.test(text.split('\n', 1)[0] ?? '')) {
    throw invalid(machine, 'does not begin with the line #cloud-config');
  }
  const document = parseDocument(text, dialect);
  const [problem] = document.errors;
  if (problem) throw invalid(machine, `is not readable YAML: ${problem.message.split('\n', 1)[0]}`);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (value === null) return {};
  if (!isMap(value)) throw invalid(machine, 'is not a map of keys');
  const refused = refusedKeys.find((key) => key in value);
  if (refused) throw invalid(machine, `sets ${refused}, which kreconcile needs as it is`);
  return value;
}

/** Values of ours that hold the machine together: its name, which is the node's, and a hosts file that keeps the endpoint. */
const ownedKeys = ['hostname', 'preserve_hostname', 'manage_etc_hosts'];

/**
 * Both as one document. Lists are joined, ours first: a command of theirs that ends the script cannot keep ours from running. In maps both
 * hold. Of single values theirs stands, except for `ownedKeys`.
 */
export function mergeCloudConfig(ours: CloudConfig, theirs: CloudConfig): CloudConfig {
  const merged: Record<string, unknown> = { ...ours };
  for (const [key, value] of Object.entries(theirs)) {
    const own = ours[key];
    if (Array.isArray(own)) merged[key] = Array.isArray(value) ? [...own, ...value] : own;
    else if (isMap(own)) merged[key] = isMap(value) ? mergeCloudConfig(own, value) : own;
    else if (own === undefined || !ownedKeys.includes(key)) merged[key] = value;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

function invalid(machine: string, what: string): KreError {
  return new KreError({
    code: 'ManifestInvalid',
    message: `userData of ${machine} ${what}`,
    hint: 'Give a cloud-config document; a script goes into its runcmd or write_files. Only lists and keys that kreconcile does not own are added.',
    disposition: 'stalled',
  });
}
