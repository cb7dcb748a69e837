import { KreError } from '../../../model/error.ts';
import type { HostFacts } from '../../../model/observed.ts';
import type { VirshCommand, VirshResult } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { KvmProbe, KvmVerdict } from './kvm-probe.ts';
import { child, parseXml, text } from './xml.ts';

/** What a host is, apart from the room that is left on it. */
export type HostCapabilities = Omit<HostFacts, 'freeDiskMiB'>;

/** Reads what the host is once, and again after `forget`: it changes only with libvirt, the kernel or the hardware. */
export interface HostReader {
  /** What must be asked in the next batch; nothing when it is known. */
  commands(): readonly VirshCommand[];
  /** Takes the answers to `commands()`. */
  accept(results: readonly VirshResult[]): void;
  /** The facts, once accepted. `kvmSeenWorking`: a guest with KVM has answered, so that nothing needs to be tried. */
  settle(kvmSeenWorking: boolean): Promise<HostCapabilities>;
  /** The facts, asked for if need be. */
  capabilities(): Promise<HostCapabilities>;
  forget(): void;
}

const questions: readonly VirshCommand[] = [['nodeinfo'], ['version'], ['domcapabilities']];

interface Answers {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly arch: string;
  readonly hypervisorVersion: string;
  readonly offersKvm: boolean;
}

export function createHostReader(virsh: Virsh, probe: KvmProbe): HostReader {
  let answers: Answers | null = null;
  let verdict: Promise<KvmVerdict> | null = null;
  const settle = async (kvmSeenWorking: boolean): Promise<HostCapabilities> => {
    const { offersKvm, ...facts } = await known();
    if (!offersKvm) return { ...facts, acceleration: 'emulation', accelerationReason: noKvm };
    if (kvmSeenWorking) verdict = Promise.resolve({ kind: 'serves' });
    verdict ??= probe(facts.arch);
    const found = await verdict;
    // Where it cannot be tried, libvirt's word is the best there is.
    if (found.kind !== 'fails') return { ...facts, acceleration: 'kvm', accelerationReason: '' };
    return { ...facts, acceleration: 'emulation', accelerationReason: found.reason };
  };
  const accept = (results: readonly VirshResult[]): void => {
    if (results.length > 0) answers = readAnswers(results);
  };
  // What was known when a batch was made may have been forgotten by the time it is answered.
  const known = async (): Promise<Answers> => {
    if (answers) return answers;
    const asked = readAnswers(await virsh.run(questions, { timeoutMs: 60_000 }));
    answers = asked;
    return asked;
  };
  return {
    commands: () => (answers ? [] : questions),
    accept,
    settle,
    capabilities: () => settle(false),
    forget: () => {
      answers = null;
      verdict = null;
    },
  };
}

const noKvm = 'libvirt offers no KVM here: /dev/kvm is missing, or QEMU may not use it';

function readAnswers(results: readonly VirshResult[]): Answers {
  const [node, version, capabilities] = results.map((result, index) => {
    if (!result.ok) throw unanswered(`${questions[index]?.[0]}: ${result.error}`);
    return result.stdout;
  });
  const value = (source: string | undefined, name: string) =>
    new RegExp(`^${name}:\\s+(.+)$`, 'm').exec(source ?? '')?.[1]?.trim() ?? '';
  const domain = child(parseXml(capabilities ?? ''), 'domainCapabilities', 'domain');
  return {
    cpus: Number.parseInt(value(node, 'CPU\\(s\\)'), 10) || 0,
    memoryMiB: Math.floor((Number.parseInt(value(node, 'Memory size'), 10) || 0) / 1024),
    arch: value(node, 'CPU model'),
    hypervisorVersion: `${value(version, 'Running hypervisor')}, ${value(version, 'Using library')}`,
    offersKvm: text(domain) === 'kvm',
  };
}

function unanswered(what: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `libvirt did not tell what this host is: ${what}`,
    hint: 'See what virsh nodeinfo and virsh domcapabilities say.',
    disposition: 'retry',
  });
}
