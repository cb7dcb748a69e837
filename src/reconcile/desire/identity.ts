import { createHash } from 'node:crypto';

/** Namespace of our name-based UUIDs (RFC 9562, version 5). Changing it would orphan every machine: never do. */
const NAMESPACE = Buffer.from('6f1c2d0a5b1e4f0c9a5a7d2e8c3b4a91', 'hex');

/** Version-5 UUID of a text: the same text gives the same UUID on every host and in every release. */
export function nameUuid(text: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** UUID of a machine; part of nothing that may change over its life. */
export function machineUuid(owner: string, name: string): string {
  return nameUuid(`machine/${owner}/${name}`);
}

/** MAC address in QEMU's own range (52:54:00), from the machine's UUID. */
export function machineMac(uuid: string): string {
  const tail = createHash('sha256').update(`mac/${uuid}`).digest('hex').slice(0, 6);
  return `52:54:00:${tail.slice(0, 2)}:${tail.slice(2, 4)}:${tail.slice(4, 6)}`;
}

/** Filesystem UUID and virtio serial (at most 20 characters) of a machine's state disk. */
export function stateDiskIdentity(uuid: string): { filesystemUuid: string; serial: string } {
  return { filesystemUuid: nameUuid(`state/${uuid}`), serial: `kr-${uuid.replaceAll('-', '').slice(0, 12)}` };
}

/** `sha256:<hex>` of a text. */
export function textDigest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
