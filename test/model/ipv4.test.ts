import { describe, expect, it } from 'vitest';
import { formatCidr, formatIpv4, isHostAddress, overlaps, parseCidr, parseIpv4 } from '../../src/model/ipv4.ts';

const block = (text: string) => parseCidr(text) ?? expect.fail(`not a subnet: ${text}`);

describe('IPv4', () => {
  it.each(['0.0.0.0', '10.0.0.1', '192.168.122.254', '255.255.255.255'])('%s reads and writes back', (text) => {
    expect(formatIpv4(parseIpv4(text) ?? -1)).toBe(text);
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4.', ' 1.2.3.4', '1.2.3.4/8', '::1'])(
    '%j is no address',
    (text) => {
      expect(parseIpv4(text)).toBeNull();
    },
  );

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/08', 'x/8'])('%j is no subnet', (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  it.each([
    ['192.168.5.77/24', '192.168.5.0/24'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['1.2.3.4/32', '1.2.3.4/32'],
  ])('%s lies in %s', (text, canonical) => expect(formatCidr(block(text))).toBe(canonical));

  it('machines have neither the first nor the last address', () => {
    const usable = ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3'].filter((text) =>
      isHostAddress(block('10.0.0.0/30'), parseIpv4(text) ?? 0),
    );
    expect(usable).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('subnets overlap when one holds the other, not when they touch', () => {
    expect(overlaps(block('10.0.0.0/8'), block('10.9.0.0/16'))).toBe(true);
    expect(overlaps(block('10.0.0.0/24'), block('10.0.1.0/24'))).toBe(false);
  });
});
