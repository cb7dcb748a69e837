import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { SimCluster } from './cluster-state.ts';

/** What a kubeconfig is made of, PEM. */
interface KubeconfigParts {
  readonly server: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A cluster as far as its credentials depend on it. */
export type CredentialSubject = Pick<SimCluster, 'uid' | 'createdAtMs' | 'certificates'> & { readonly seed: string };

/** Admin kubeconfigs of simulated clusters. The same cluster and server give the same text, in every process. */
export interface KubeconfigWriter {
  readonly kind: 'certificates' | 'placeholders';
  /** Text and `sha256:<hex>` of it. */
  write(subject: CredentialSubject, server: string): Promise<Kubeconfig>;
}

export interface Kubeconfig {
  readonly text: string;
  readonly digest: string;
}

/** Credentials that the simulated API server accepts. */
export function certifiedKubeconfigs(): KubeconfigWriter {
  return remembering('certificates', async (subject, server) => {
    const { adminCredentials } = await import('./credentials.ts');
    return kubeconfigText({ server, ...(await adminCredentials(subject)) });
  });
}

/** Texts in the right form, for worlds that nobody calls: no key is made. */
export function placeholderKubeconfigs(): KubeconfigWriter {
  return remembering('placeholders', (subject, server) => {
    const pem = (what: string, text: string): string =>
      `-----BEGIN ${what}-----\n${Buffer.from(text).toString('base64')}\n-----END ${what}-----\n`;
    const of = `${subject.uid}/${subject.certificates.serial}`;
    return Promise.resolve(
      kubeconfigText({
        server,
        ca: pem('CERTIFICATE', `simulated CA of ${subject.uid}`),
        certificate: pem('CERTIFICATE', `simulated admin of ${of}`),
        key: pem('PRIVATE KEY', `simulated key of ${of}`),
      }),
    );
  });
}

function remembering(
  kind: KubeconfigWriter['kind'],
  write: (subject: CredentialSubject, server: string) => Promise<string>,
): KubeconfigWriter {
  const written = new Map<string, Promise<Kubeconfig>>();
  return {
    kind,
    write(subject, server) {
      const key = `${subject.seed}/${subject.uid}/${subject.certificates.serial}/${server}`;
      const known = written.get(key) ?? write(subject, server).then(withDigest);
      written.set(key, known);
      return known;
    },
  };
}

function withDigest(text: string): Kubeconfig {
  return { text, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}

/** As `kubeadm` writes /etc/kubernetes/admin.conf. */
function kubeconfigText(parts: KubeconfigParts): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'kubernetes', cluster: { 'certificate-authority-data': base64(parts.ca), server: parts.server } },
    ],
    contexts: [{ name: 'kubernetes-admin@kubernetes', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes-admin@kubernetes',
    users: [
      {
        name: 'kubernetes-admin',
        user: { 'client-certificate-data': base64(parts.certificate), 'client-key-data': base64(parts.key) },
      },
    ],
  });
}
