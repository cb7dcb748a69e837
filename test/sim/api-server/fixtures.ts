import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import type { Log } from '../../../src/model/ports.ts';
import { type SimulatedApi, serveSimulatedApi } from '../../../src/sim/api-server/serve.ts';
import { createHttp } from '../../../src/sys/http.ts';
import { type Bench, makeBench, type Node, startCluster } from '../fixtures.ts';

/** Warnings are kept, the rest is dropped. */
export function keepWarnings(): { readonly log: Log; readonly warnings: string[] } {
  const warnings: string[] = [];
  const ignore = (): void => {};
  const log: Log = {
    debug: ignore,
    info: ignore,
    warn: (_fields, message) => warnings.push(message),
    error: (_fields, message) => warnings.push(message),
    child: () => log,
  };
  return { log, warnings };
}

/** Loopback addresses that no other run of these tests uses at the same time. */
export function ownSubnet(index: number): string {
  return `127.${100 + (process.pid % 100)}.${(Math.floor(process.pid / 100) % 64) * 4 + index}.0/24`;
}

export interface ServedCluster {
  readonly bench: Bench;
  readonly node: Node;
  readonly api: SimulatedApi;
  readonly kubeconfig: Kubeconfig;
  readonly kubeconfigText: string;
}

export interface Kubeconfig {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A cluster of one whose API is served, with what its guest's kubeconfig holds. */
export async function serveCluster(index: number, log: Log = keepWarnings().log): Promise<ServedCluster> {
  const bench = await makeBench({ credentials: 'certificates', seed: String(index), subnet: ownSubnet(index) });
  const node = await startCluster(bench);
  const api = await serveSimulatedApi(bench.world, { http: createHttp(log), log });
  const answer = await bench.guest.call(node.ref, 'kubeconfig', {});
  const kubeconfigText = Buffer.from(answer['kubeconfig'] ?? '', 'base64').toString('utf8');
  return { bench, node, api, kubeconfigText, kubeconfig: readKubeconfig(kubeconfigText) };
}

function readKubeconfig(content: string): Kubeconfig {
  const { clusters, users } = parse(content);
  const decode = (value: string): string => Buffer.from(value, 'base64').toString('utf8');
  return {
    server: clusters[0].cluster.server,
    ca: decode(clusters[0].cluster['certificate-authority-data']),
    cert: decode(users[0].user['client-certificate-data']),
    key: decode(users[0].user['client-key-data']),
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared, not computed with
  readonly json: any;
}

/** Asks the API server with the kubeconfig's certificates, or with the given ones. */
export async function ask(
  kubeconfig: Kubeconfig,
  path: string,
  options: {
    readonly method?: string;
    readonly body?: unknown;
    readonly accept?: string;
    readonly isAnonymous?: boolean;
  } = {},
): Promise<Answer> {
  const { server, ca, cert, key } = kubeconfig;
  const headers = { accept: options.accept ?? 'application/json', 'content-type': 'application/json' };
  const identity = options.isAnonymous ? {} : { cert, key };
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, server),
      { method: options.method ?? 'GET', ca, ...identity, headers, agent: false },
      (reply) => {
        text(reply).then((body) => {
          resolve({ status: reply.statusCode ?? 0, body, json: /^[{[]/.test(body) ? JSON.parse(body) : null });
        }, reject);
      },
    );
    sent.on('error', reject);
    sent.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
}
