import type { WorldState } from './state.ts';

/**
 * The next identity of a world as a UUID. The same world makes the same identities in the same order, so that two processes that let the
 * same time pass agree about them. Not cryptographic: thousands of worlds are made in tests.
 */
export function nextUuid(state: WorldState): string {
  state.counter += 1;
  const hex = hexDigits(`${state.seed}/${state.counter}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A bootstrap token in kubeadm's form: six and sixteen characters. */
export function nextToken(state: WorldState): string {
  const hex = nextUuid(state).replaceAll('-', '');
  return `${hex.slice(0, 6)}.${hex.slice(6, 22)}`;
}

/** 32 hexadecimal digits of a text: four FNV-1a hashes with different starts, mixed. */
function hexDigits(text: string): string {
  return [0x811c9dc5, 0x9747b28c, 0x2545f491, 0x6c62272e]
    .map((start) => hash32(text, start).toString(16).padStart(8, '0'))
    .join('');
}

function hash32(text: string, start: number): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
