import { parse, stringify } from 'yaml';
import { KreError } from '../model/error.ts';

/** A guest's kubeconfig is at most this long; more is refused before it is parsed. */
const MOST_BYTES = 256 * 1024;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\s[A-Za-z0-9+/=\s]+-----END \1-----/g;
/** A host name or address with its port; a guest may have told the address. */
const SERVER = /^https:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;
const TOKEN = /^[\x21-\x7e]+$/;

interface Credentials {
  readonly ca: string;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly token: string | null;
}

/**
 * A kubeconfig made anew from what a guest's admin kubeconfig is good for: the CA, and client certificate and key or a token. Nothing else of it is
 * taken: an `exec` plugin or a file name in it would act on somebody's laptop. Cluster, user and context are named after the cluster. `KubeconfigUnsafe` if
 * what is needed is not there.
 */
export function rebuildKubeconfig(text: string, cluster: string, server: string): string {
  if (!SERVER.test(server)) throw unsafe(`its server would be ${JSON.stringify(server.slice(0, 100))}`);
  const { ca, certificate, key, token } = credentialsIn(text);
  const user =
    certificate !== null && key !== null
      ? { 'client-certificate-data': certificate, 'client-key-data': key }
      : { token };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': cluster,
      preferences: {},
      clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': ca } }],
      users: [{ name: cluster, user }],
      contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    },
    { lineWidth: 0 },
  );
}

function credentialsIn(text: string): Credentials {
  if (Buffer.byteLength(text) > MOST_BYTES) throw unsafe(`it is longer than ${MOST_BYTES} bytes`);
  const document = parsed(text);
  const context = record(named(document, 'contexts', document['current-context'])['context']);
  const cluster = record(named(document, 'clusters', context['cluster'])['cluster']);
  const user = record(named(document, 'users', context['user'])['user']);
  if (cluster['insecure-skip-tls-verify'] === true) throw unsafe('it does not verify the server');
  const ca = data(cluster, 'certificate-authority-data', CERTIFICATE);
  if (ca === null) throw unsafe('it holds no CA certificate');
  const certificate = data(user, 'client-certificate-data', CERTIFICATE);
  const key = data(user, 'client-key-data', PRIVATE_KEY);
  const token = typeof user['token'] === 'string' && TOKEN.test(user['token']) ? user['token'] : null;
  if ((certificate === null || key === null) && token === null) {
    throw unsafe(
      'exec' in user || 'auth-provider' in user
        ? 'its only credential is a plugin'
        : 'it holds neither client certificate and key nor a token',
    );
  }
  return { ca, certificate, key, token };
}

/** Deeply nested text would exhaust the parser's stack, which no catch survives; a kubeconfig is four levels deep. */
function isDeep(text: string): boolean {
  const brackets = text.match(/[[{]/g)?.length ?? 0;
  return brackets > 100 || /(?:[-?:] +){8}/.test(text) || /^ {60}/m.test(text);
}

function parsed(text: string): Record<string, unknown> {
  if (isDeep(text)) throw unsafe('it is nested too deeply');
  try {
    return record(parse(text, { maxAliasCount: 0 }));
  } catch {
    throw unsafe('it is not YAML');
  }
}

/** Base64 of the PEM blocks of a kind, and of nothing else that stands around them; `null` if the field is missing. */
function data(from: Record<string, unknown>, field: string, blocks: RegExp): string | null {
  const value = from[field];
  if (value === undefined) return null;
  if (typeof value !== 'string' || !BASE64.test(value)) throw unsafe(`${field} is not base64`);
  const found = Buffer.from(value, 'base64').toString('latin1').match(blocks);
  if (!found) throw unsafe(`${field} is not a PEM ${blocks === CERTIFICATE ? 'certificate' : 'private key'}`);
  return Buffer.from(`${found.join('\n')}\n`).toString('base64');
}

/** The entry of a list by its name; the first one where the name leads nowhere, as in files without a current context. */
function named(document: Record<string, unknown>, field: string, name: unknown): Record<string, unknown> {
  const entries = list(document[field]).map(record);
  return entries.find((entry) => entry['name'] === name) ?? entries[0] ?? {};
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function unsafe(why: string): KreError {
  return new KreError({
    code: 'KubeconfigUnsafe',
    message: `the guest's kubeconfig is not published: ${why}`,
    disposition: 'retry',
    hint: 'Look at the admin kubeconfig in the guest; kreconcile takes CA, client certificate and key or a token from it and nothing else.',
  });
}
