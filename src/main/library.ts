import { fileURLToPath } from 'node:url';
import type { Distribution } from '../drivers/distribution/distribution.ts';
import { createK3s, K3S_GUEST_FILES } from '../drivers/distribution/k3s/k3s.ts';
import { createKubeadm, KUBEADM_GUEST_FILES } from '../drivers/distribution/kubeadm/kubeadm.ts';
import { assembleProgram, joinParts, programParts } from '../drivers/guest/program/assemble.ts';
import { debian } from '../drivers/os/debian/debian.ts';
import type { OperatingSystem } from '../drivers/os/os.ts';
import { ubuntu } from '../drivers/os/ubuntu/ubuntu.ts';
import type { ClusterCheck } from '../manifest/load.ts';
import type { DistributionName, OsName } from '../model/manifest.ts';
import type { Files } from '../model/ports.ts';
import { textDigest } from '../reconcile/desire/identity.ts';

/** Every distribution and operating system of this release, and the in-guest program with each library. */
export interface Library {
  readonly distributions: Readonly<Record<DistributionName, Distribution>>;
  readonly oses: Readonly<Record<OsName, OperatingSystem>>;
  readonly checkCluster: ClusterCheck;
  readonly program: (distribution: DistributionName | null) => string;
  /** Digest of each program; `none` for plain machines. */
  readonly programs: Readonly<Record<string, string>>;
}

const driversFolder = fileURLToPath(new URL('../drivers', import.meta.url));

export async function loadLibrary(files: Files): Promise<Library> {
  const read = async (path: string): Promise<string> => {
    const text = await files.read(`${driversFolder}/${path}`);
    if (text === null) throw new Error(`${path} is missing in this installation`);
    return text;
  };
  const joined = async (names: readonly string[]) =>
    joinParts(await Promise.all(names.map((name) => read(`distribution/${name}`))));
  const [base, k3s, kubeadm] = await Promise.all([
    Promise.all(programParts.map((name) => read(`guest/program/${name}`))).then(joinParts),
    joined(K3S_GUEST_FILES),
    joined(KUBEADM_GUEST_FILES),
  ]);
  const distributions = { k3s: createK3s({ guestLibrary: k3s }), kubeadm: createKubeadm({ guestLibrary: kubeadm }) };
  const texts = new Map<DistributionName | null, string>([
    [null, assembleProgram(base, null)],
    ['k3s', assembleProgram(base, k3s)],
    ['kubeadm', assembleProgram(base, kubeadm)],
  ]);
  return {
    distributions,
    oses: { debian, ubuntu },
    checkCluster: (spec) => distributions[spec.distribution].check(spec),
    program: (distribution) => texts.get(distribution) ?? '',
    programs: Object.fromEntries([...texts].map(([name, text]) => [name ?? 'none', textDigest(text)])),
  };
}
