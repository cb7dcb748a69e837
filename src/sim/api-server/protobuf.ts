/**
 * Objects as kubectl's typed commands (`create configmap`) send them: protobuf in an envelope. Of the objects only the fields that the simulated API
 * keeps are read; their numbers are those of upstream's k8s.io/api/core/v1/generated.proto, which never change.
 */
import type { KubeMetadata, KubeObject } from '../cluster-state.ts';

/** k8s.io/apimachinery/pkg/runtime/serializer/protobuf: every body begins with it. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

type Fields = ReadonlyMap<number, readonly Buffer[]>;

/** The object in a protobuf body; `null` for any other body. */
export function parseProtobuf(body: Uint8Array): KubeObject | null {
  const bytes = Buffer.from(body);
  if (!bytes.subarray(0, magic.length).equals(magic)) return null;
  const envelope = fieldsOf(bytes.subarray(magic.length));
  const type = fieldsOf(envelope?.get(1)?.[0] ?? Buffer.alloc(0));
  const raw = envelope?.get(2)?.[0];
  const object = raw && fieldsOf(raw);
  const metadata = object?.get(1)?.[0];
  const meta = metadata && fieldsOf(metadata);
  if (!object || !meta) return null;
  const data = textOf(type?.get(2)?.[0]) === 'ConfigMap' ? mapOf(object.get(2)) : {};
  return { metadata: metadataOf(meta), ...(Object.keys(data).length > 0 ? { data } : {}) };
}

function metadataOf(meta: Fields): KubeMetadata {
  const [labels, annotations] = [mapOf(meta.get(11)), mapOf(meta.get(12))];
  return {
    name: textOf(meta.get(1)?.[0]),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

/** `map<string, string>`: each entry is a message of key and value. */
function mapOf(entries: readonly Buffer[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const fields = fieldsOf(entry);
      return [textOf(fields?.get(1)?.[0]), textOf(fields?.get(2)?.[0])];
    }),
  );
}

function textOf(bytes: Buffer | undefined): string {
  return bytes?.toString('utf8') ?? '';
}

/** The length-delimited fields of a message by number; numbers are skipped. `null` when it is no message. */
function fieldsOf(message: Buffer): Fields | null {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35 && at < message.length; shift += 7) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const [number, wireType] = [tag >>> 3, tag & 7];
    if (wireType === 0) varint();
    else if (wireType === 2) {
      const length = varint();
      if (at + length > message.length) return null;
      fields.set(number, [...(fields.get(number) ?? []), message.subarray(at, at + length)]);
      at += length;
    } else return null;
  }
  return fields;
}
