import { describe, expect, it } from 'vitest';
import { parseProtobuf } from '../../../src/sim/api-server/protobuf.ts';

/** As kubectl 1.32 sends `create configmap a --from-literal=a=1` and `create namespace shop`. */
const configMap =
  '6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a016112001a0022002a0032003800420012060a0161120131' + '1a002200';
const namespace =
  '6b3873000a0f0a02763112094e616d657370616365121c0a140a0473686f7012001a0022002a003200380042001200' + '1a020a001a002200';

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

describe('what kubectl sends as protobuf', () => {
  it('is read', () => {
    expect(parseProtobuf(bytes(configMap))).toEqual({ metadata: { name: 'a' }, data: { a: '1' } });
    expect(parseProtobuf(bytes(namespace))).toEqual({ metadata: { name: 'shop' } });
  });

  it.each(['', '7b7d', '6b387300', `${configMap.slice(0, 60)}`, '6b387300ffffffffff'])(
    'is refused when it is %j',
    (hex) => {
      expect(parseProtobuf(bytes(hex))).toBeNull();
    },
  );
});
