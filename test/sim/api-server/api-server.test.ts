import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveSimulatedApi } from '../../../src/sim/api-server/serve.ts';
import { createHttp } from '../../../src/sys/http.ts';
import { makeBench, settle, startCluster } from '../fixtures.ts';
import { ask, keepWarnings, type ServedCluster, serveCluster } from './fixtures.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

describe('the simulated API server', () => {
  let served: ServedCluster;
  const get = (path: string, accept?: string) => ask(served.kubeconfig, path, accept ? { accept } : {});

  beforeAll(async () => {
    served = await serveCluster(0);
  });
  afterAll(() => served.api.stop());

  it("listens on the control plane's own address, where the kubeconfig says", async () => {
    const { addresses } = await served.bench.guest.status(served.node.ref);
    expect(served.kubeconfig.server).toBe(`https://${addresses[0]?.address}:6443`);
    expect(served.api.servers()).toEqual([{ cluster: 'dev', url: served.kubeconfig.server }]);
  });

  it('refuses who shows no certificate, or that of another cluster', async () => {
    const anonymous = await ask(served.kubeconfig, '/api/v1/nodes', { isAnonymous: true });
    expect(anonymous).toMatchObject({ status: 401, json: { reason: 'Unauthorized' } });
    const other = await serveCluster(1);
    const { cert, key } = other.kubeconfig;
    expect(cert).not.toBe(served.kubeconfig.cert);
    await other.api.stop();
    expect(await ask({ ...served.kubeconfig, cert, key }, '/api/v1/nodes')).toMatchObject({ status: 401 });
  });

  it('tells that it is ready, and its version', async () => {
    expect(await get('/readyz')).toMatchObject({ status: 200, body: 'ok' });
    expect((await get('/version')).json).toMatchObject({ major: '1', minor: '35', gitVersion: 'v1.35.2' });
  });

  it('lists nodes as objects and as the table that kubectl prints', async () => {
    const list = await get('/api/v1/nodes');
    expect(list.json.items).toMatchObject([
      {
        metadata: { name: 'dev-cp-1' },
        status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.35.2' } },
      },
    ]);
    const printed = await get('/api/v1/nodes', table);
    expect(printed.json).toMatchObject({ kind: 'Table', rows: [{ object: { metadata: { name: 'dev-cp-1' } } }] });
    expect(printed.json.rows[0].cells.slice(0, 5)).toEqual([
      'dev-cp-1',
      'Ready',
      'control-plane',
      expect.any(String),
      'v1.35.2',
    ]);
  });

  it('has the namespace by whose UID the cluster is known', async () => {
    const { kubernetes } = await served.bench.guest.status(served.node.ref);
    const found = await get('/api/v1/namespaces/kube-system');
    expect(found.json.metadata.uid).toBe(kubernetes?.clusterUid);
    expect((await get('/api/v1/namespaces/nowhere')).status).toBe(404);
  });

  it('keeps a ConfigMap until it is deleted', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const send = (method: string, at: string, data?: object) =>
      ask(served.kubeconfig, at, { method, ...(data && { body: { metadata: { name: 'kept' }, data } }) });
    expect((await send('POST', path, { a: '1' })).status).toBe(201);
    expect((await send('POST', path, { a: '2' })).json).toMatchObject({ reason: 'AlreadyExists' });
    expect((await send('PUT', `${path}/kept`, { a: '3' })).status).toBe(200);
    expect((await get(`${path}/kept`)).json).toMatchObject({ kind: 'ConfigMap', data: { a: '3' } });
    expect((await get('/api/v1/configmaps')).json.items).toHaveLength(1);
    expect((await send('DELETE', `${path}/kept`)).status).toBe(200);
    expect((await get(`${path}/kept`)).status).toBe(404);
  });

  it('takes a cordon by hand, which the guest then reports as not ours', async () => {
    const cordon = { method: 'PATCH', body: { spec: { unschedulable: true } } };
    expect((await ask(served.kubeconfig, '/api/v1/nodes/dev-cp-1', cordon)).status).toBe(200);
    expect((await served.bench.guest.status(served.node.ref)).kubernetes?.nodes).toMatchObject([
      { unschedulable: true, cordonedByUs: false },
    ]);
  });

  it.each(['/api/v1/secrets', '/apis/apps/v1/deployments', '/x'])('does not know %s', async (path) => {
    expect(await get(path)).toMatchObject({ status: 404, json: { kind: 'Status' } });
  });
});

describe('serving', () => {
  it('ends with the power of the control plane, and comes back with the same credentials', async () => {
    const { bench, node, api, kubeconfig } = await serveCluster(2);
    await bench.hypervisor.powerOff(node.ref);
    await api.follow();
    await expect(ask(kubeconfig, '/readyz')).rejects.toThrow('ECONNREFUSED');
    await bench.hypervisor.start(node.ref);
    await settle(bench);
    await api.follow();
    expect(await ask(kubeconfig, '/readyz')).toMatchObject({ status: 200 });
    await api.stop();
    await expect(ask(kubeconfig, '/readyz')).rejects.toThrow('ECONNREFUSED');
    expect(api.servers()).toEqual([]);
  });

  it('says once that an address is taken', async () => {
    const { bench, api } = await serveCluster(3);
    const { log, warnings } = keepWarnings();
    const second = await serveSimulatedApi(bench.world, { http: createHttp(log), log });
    await second.follow();
    expect(second.servers()).toEqual([]);
    expect(warnings).toEqual(['simulated api server cannot listen']);
    await second.stop();
    await api.stop();
  });
});

describe("a guest's kubeconfig", () => {
  it.each(['certificates', 'placeholders'] as const)(
    'of %s has the digest that its status tells',
    async (credentials) => {
      const bench = await makeBench({ credentials });
      const node = await startCluster(bench);
      const { kubeconfig = '' } = await bench.guest.call(node.ref, 'kubeconfig', {});
      const digest = createHash('sha256').update(Buffer.from(kubeconfig, 'base64')).digest('hex');
      expect((await bench.guest.status(node.ref)).kubernetes?.kubeconfigDigest).toBe(`sha256:${digest}`);
    },
  );
});
