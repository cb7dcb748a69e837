// @peculiar/x509 wants this polyfill before it is loaded.
import 'reflect-metadata';

import { webcrypto } from 'node:crypto';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HttpListener } from '../../src/model/http.ts';
import { createHttp } from '../../src/sys/http.ts';
import { createLog } from '../../src/sys/log.ts';

interface Identity {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function issue(name: string, issuer?: Identity): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: `CN=${name}`,
      issuer: issuer?.certificate.subject ?? `CN=${name}`,
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      signingAlgorithm: algorithm,
      notAfter: new Date(Date.now() + 3_600_000),
      extensions: [
        new x509.BasicConstraintsExtension(issuer === undefined),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
      ],
    },
    webcrypto,
  );
  return { certificate, keys };
}

async function pem({ certificate, keys }: Identity): Promise<{ cert: string; key: string }> {
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}

let ca: Identity;
let listener: HttpListener;
beforeAll(async () => {
  ca = await issue('test-ca');
  const { cert: certificate, key } = await pem(await issue('server', ca));
  listener = await createHttp(createLog({ level: 'silent', format: 'json' })).listen(
    { kind: 'tcp', host: '127.0.0.1', port: 0, tls: { certificate, key, clientCa: ca.certificate.toString('pem') } },
    async ({ clientName }) => ({ status: 200, body: clientName ?? 'nobody' }),
  );
});
afterAll(() => listener.close());

function get(identity: { cert?: string; key?: string }): Promise<string> {
  const options = { host: '127.0.0.1', port: listener.port, servername: 'localhost', agent: false, ...identity };
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, ca: ca.certificate.toString('pem') }, (reply) => resolve(text(reply)));
    sent.on('error', reject);
    sent.end();
  });
}

it('names the client whose certificate our authority signed', async () => {
  expect(await get(await pem(await issue('kubernetes-admin', ca)))).toBe('kubernetes-admin');
});

it('names nobody without a certificate, or with one of another authority', async () => {
  const stranger = await issue('kubernetes-admin', await issue('other-ca'));
  expect(await get({})).toBe('nobody');
  expect(await get(await pem(stranger))).toBe('nobody');
});
