import type { Http, HttpListener } from '../../model/http.ts';
import type { Log } from '../../model/ports.ts';
import type { CredentialSubject } from '../kubeconfig.ts';
import type { SimWorld } from '../world.ts';
import { apiHandler } from './handler.ts';

/** The simulated API servers that listen now. */
export interface SimulatedApi {
  /** Cluster name and URL of each. */
  servers(): readonly { readonly cluster: string; readonly url: string }[];
  /** Brings the listeners up to date with the world; happens by itself when the world changes. */
  follow(): Promise<void>;
  stop(): Promise<void>;
}

/** One API server that should listen. */
interface Wanted {
  readonly key: string;
  readonly machine: string;
  readonly cluster: string;
  readonly address: string;
  readonly port: number;
  readonly names: readonly string[];
  readonly subject: CredentialSubject;
}

interface Serving {
  readonly wanted: Wanted;
  readonly listener: HttpListener;
}

/**
 * Serves the Kubernetes API of every simulated control plane at its own address, as long as its API server is up. Works where addresses are on
 * loopback (Linux answers on all of 127.0.0.0/8). An address that cannot be had is logged once and tried again with the next change.
 */
export async function serveSimulatedApi(
  world: SimWorld,
  parts: { readonly http: Http; readonly log: Log },
): Promise<SimulatedApi> {
  const serving = new Map<string, Serving>();
  const refused = new Set<string>();
  let queue: Promise<void> = Promise.resolve();
  let isStopped = false;

  const open = async (wanted: Wanted): Promise<void> => {
    const { servingCredentials } = await import('../credentials.ts');
    const { ca, certificate, key } = await servingCredentials(wanted.subject, wanted.names, [wanted.address]);
    const tls = { certificate, key, clientCa: ca };
    const { address: host, port } = wanted;
    try {
      const listener = await parts.http.listen({ kind: 'tcp', host, port, tls }, apiHandler(world, wanted.machine));
      serving.set(wanted.key, { wanted, listener });
      refused.delete(wanted.key);
    } catch (error) {
      if (!refused.has(wanted.key)) parts.log.warn({ error, host, port }, 'simulated api server cannot listen');
      refused.add(wanted.key);
    }
  };
  const bringUpToDate = async (): Promise<void> => {
    const wanted = isStopped ? [] : await wantedServers(world);
    const keys = new Set(wanted.map((server) => server.key));
    for (const [key, { listener }] of serving) {
      if (keys.has(key)) continue;
      serving.delete(key);
      await listener.close();
    }
    for (const server of wanted) if (!serving.has(server.key)) await open(server);
  };
  const follow = (): Promise<void> => {
    const turn = queue.then(bringUpToDate);
    queue = turn.catch((error: unknown) => parts.log.warn({ error }, 'simulated api servers cannot be followed'));
    return turn;
  };

  const watch = world.watch(() => void follow().catch(() => undefined));
  await follow();
  return {
    servers: () =>
      [...serving.values()].map(({ wanted }) => ({
        cluster: wanted.cluster,
        url: `https://${wanted.address}:${wanted.port}`,
      })),
    follow,
    async stop() {
      isStopped = true;
      watch.stop();
      await follow();
    },
  };
}

function wantedServers(world: SimWorld): Promise<readonly Wanted[]> {
  return world.look(({ state, addressOf, clusterServedBy, isServing }) =>
    Object.values(state.domains).flatMap((domain) => {
      const cluster = isServing(domain) ? clusterServedBy(domain) : null;
      const address = addressOf(domain);
      if (!cluster || !address?.startsWith('127.')) return [];
      const { uid, createdAtMs, certificates, apiPort: port, name } = cluster;
      const mark = domain.mark === 'unreadable' ? null : domain.mark;
      return {
        key: `${domain.uuid}/${address}/${uid}/${certificates.serial}`,
        machine: domain.uuid,
        cluster: name,
        address,
        port,
        names: ['localhost', 'kubernetes', domain.name, mark?.spec.kubernetes?.endpointHost ?? 'kubernetes.default'],
        subject: { seed: state.seed, uid, createdAtMs, certificates },
      };
    }),
  );
}
