/** IPv4 addresses as numbers from 0 to 2^32-1, so that ranges can be compared and counted. */

/** A block of addresses. `first` is the network's own address, `last` its broadcast address. */
export interface Ipv4Block {
  readonly first: number;
  readonly last: number;
  readonly prefixLength: number;
}

const ADDRESS = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** The number of an address in dotted form, or `null`; leading zeros are refused because some programs read them as octal. */
export function parseIpv4(text: string): number | null {
  if (!ADDRESS.test(text)) return null;
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The dotted form of an address. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** The block around an address in CIDR form, or `null`. Bits beyond the prefix are cut off: compare with `formatCidr`. */
export function parseCidr(text: string): Ipv4Block | null {
  const [addressText, prefixText, ...rest] = text.split('/');
  if (addressText === undefined || prefixText === undefined || rest.length > 0) return null;
  const address = parseIpv4(addressText);
  if (address === null || !/^(?:3[0-2]|[12]?\d)$/.test(prefixText)) return null;
  const prefixLength = Number(prefixText);
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1, prefixLength };
}

/** `10.0.0.0/8`: a block in its canonical form. */
export function formatCidr(block: Ipv4Block): string {
  return `${formatIpv4(block.first)}/${block.prefixLength}`;
}

/** Whether a machine can have the address: inside the block, and neither its network nor its broadcast address. */
export function isHostAddress(block: Ipv4Block, address: number): boolean {
  return address > block.first && address < block.last;
}

/** Whether two blocks share an address. */
export function overlaps(a: Ipv4Block, b: Ipv4Block): boolean {
  return a.first <= b.last && b.first <= a.last;
}
