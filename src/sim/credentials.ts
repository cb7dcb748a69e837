/**
 * Certificates of simulated clusters. Keys are derived from the world's seed and signatures are Ed25519, which is deterministic: every process that
 * reads a world makes the same certificates, and none has to be stored. They guard a simulated API server on loopback, nothing else.
 */
import 'reflect-metadata';
import { createHash, createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { CredentialSubject } from './kubeconfig.ts';

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[1]);

const ed25519 = { name: 'Ed25519' };
/** RFC 8410: what stands before the 32 bytes of an Ed25519 key in PKCS#8. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const dayMs = 24 * 3_600_000;

interface Pair {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly pem: string;
}

/** The cluster's CA with an administrator's certificate and key, PEM. */
export async function adminCredentials(
  subject: CredentialSubject,
): Promise<{ readonly ca: string; readonly certificate: string; readonly key: string }> {
  const { ca, certificate, key } = await issue(subject, 'admin', 'CN=kubernetes-admin,O=system:masters', [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
  ]);
  return { ca, certificate, key };
}

/** The cluster's CA with a serving certificate and key for the given names and addresses, PEM. */
export async function servingCredentials(
  subject: CredentialSubject,
  names: readonly string[],
  addresses: readonly string[],
): Promise<{ readonly ca: string; readonly certificate: string; readonly key: string }> {
  return issue(subject, 'serving', 'CN=kube-apiserver', [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([
      ...names.map((value) => ({ type: 'dns' as const, value })),
      ...addresses.map((value) => ({ type: 'ip' as const, value })),
    ]),
  ]);
}

async function issue(
  subject: CredentialSubject,
  purpose: string,
  name: string,
  extensions: readonly Extension[],
): Promise<{ readonly ca: string; readonly certificate: string; readonly key: string }> {
  const of = `${subject.seed}/${subject.uid}`;
  const authority = await derivedPair(`${of}/ca`);
  const own = await derivedPair(`${of}/${purpose}/${subject.certificates.serial}`);
  const validity = {
    notBefore: new Date(subject.createdAtMs - dayMs),
    notAfter: new Date(subject.certificates.expireAtMs),
  };
  const ca = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=kubernetes',
    notBefore: validity.notBefore,
    notAfter: new Date(subject.createdAtMs + 3650 * dayMs),
    signingAlgorithm: ed25519,
    keys: authority.keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
    ],
  });
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(`${of}/${purpose}/${subject.certificates.serial}`),
    subject: name,
    issuer: ca.subject,
    ...validity,
    signingAlgorithm: ed25519,
    signingKey: authority.keys.privateKey,
    publicKey: own.keys.publicKey,
    extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...extensions],
  });
  return { ca: `${ca.toString('pem')}\n`, certificate: `${certificate.toString('pem')}\n`, key: own.pem };
}

async function derivedPair(text: string): Promise<Pair> {
  const secret = createHash('sha256').update(`kreconcile simulated key ${text}`).digest();
  const der = Buffer.concat([pkcs8Prefix, secret]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    keys: {
      privateKey: await webcrypto.subtle.importKey('pkcs8', der, ed25519, true, ['sign']),
      publicKey: await webcrypto.subtle.importKey('spki', spki, ed25519, true, ['verify']),
    },
    pem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** Positive, as RFC 5280 asks. */
function serialNumber(text: string): string {
  return `01${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}
