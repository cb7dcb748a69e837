import type { ClusterStatus, Condition, MachineStatus, Status } from '../../model/status.ts';
import { durationText } from '../../model/time-text.ts';
import { plain, type Style } from './style.ts';
import { table } from './table.ts';
import { ago, clockTime, shortRevision } from './time.ts';

/** The status as a table for people. Ages are told as of when it was written. */
export function statusText(status: Status, style: Style): string {
  const lines = [...sourceLines(status, style), ...hostLines(status, style)];
  if (status.clusters.length > 0)
    lines.push(
      '',
      ...table([
        clusterHead.map(style.dim),
        ...status.clusters.map((entry) => clusterRow(entry, status.writtenAtMs, style)),
      ]),
    );
  if (status.machines.length > 0) {
    lines.push(
      '',
      ...table([
        machineHead.map(style.dim),
        ...status.machines.map((entry) => machineRow(entry, status.writtenAtMs, style)),
      ]),
    );
  }
  lines.push(...waitLines(status, style), ...blockLines(status, style), ...failureLines(status, style));
  if (status.notes.length > 0)
    lines.push('', style.bold('Worth knowing'), ...status.notes.map((note) => `  ${plain(note)}`));
  return `${lines.join('\n')}\n`;
}

function sourceLines({ host, source, writtenAtMs }: Status, style: Style): readonly string[] {
  const revision =
    source.lastGoodRevision === null ? 'no revision yet' : `revision ${shortRevision(source.lastGoodRevision)}`;
  const first = `${style.bold(plain(host))} enforces ${revision} of ${plain(source.url)}, looked at ${ago(source.checkedAtMs, writtenAtMs)}`;
  const { problem } = source;
  if (!problem) return [first];
  const attempted =
    source.lastAttemptedRevision === null
      ? ''
      : ` (revision ${shortRevision(source.lastAttemptedRevision)} is not enforced)`;
  return [
    first,
    `${style.bad(problem.code)}: ${plain(problem.message)}${problem.code.startsWith('Source') ? '' : attempted}`,
    ...problem.details.map((detail) => `  ${plain(detail)}`),
    `  ${plain(problem.hint)}`,
  ];
}

function hostLines({ hypervisor, suspended, writtenAtMs }: Status, style: Style): readonly string[] {
  return [
    ...(hypervisor.reachable ? [] : [`${style.bad('hypervisor unreachable')}: ${plain(hypervisor.message)}`]),
    ...(suspended
      ? [
          `${style.warn('suspended')} ${ago(suspended.atMs, writtenAtMs)}: ${plain(suspended.reason)} (kreconcile resume)`,
        ]
      : []),
  ];
}

const clusterHead = ['CLUSTER', 'READY', 'DISTRIBUTION', 'VERSION', 'CERTIFICATES', 'KUBECONFIG', 'STATE'];
/** Certificates that last no longer than this are worth a look. */
const soonMs = 30 * 86_400_000;

function clusterRow(cluster: ClusterStatus, nowMs: number, style: Style): readonly string[] {
  return [
    cluster.name,
    readyText(cluster.conditions, style),
    cluster.distribution,
    versionText(cluster.observedVersion, cluster.desiredVersion),
    expiryText(cluster.certificatesExpireAtMs, nowMs, style),
    cluster.kubeconfig ?? '-',
    stateText(cluster.conditions, cluster.suspended),
  ];
}

/** How long the certificates last that expire first. */
function expiryText(expireAtMs: number | null, nowMs: number, style: Style): string {
  if (expireAtMs === null) return '-';
  const leftMs = expireAtMs - nowMs;
  if (leftMs <= 0) return style.bad('expired');
  const days = Math.floor(leftMs / 86_400_000);
  const text = days > 1 ? `${days} d left` : `${durationText(leftMs)} left`;
  return leftMs <= soonMs ? style.warn(text) : text;
}

const machineHead = ['MACHINE', 'READY', 'ROLE', 'POWER', 'ADDRESS', 'VERSION', 'GUEST READ', 'STATE'];

function machineRow(machine: MachineStatus, nowMs: number, style: Style): readonly string[] {
  return [
    machine.name,
    readyText(machine.conditions, style),
    machine.role,
    machine.state,
    machine.address ?? '-',
    versionText(machine.observedVersion, machine.desiredVersion),
    machine.guestReadAtMs === null ? '-' : ago(machine.guestReadAtMs, nowMs),
    stateText(machine.conditions, false),
  ];
}

function readyText(conditions: readonly Condition[], style: Style): string {
  const status = conditions.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown';
  if (status === 'True') return style.good('yes');
  return status === 'False' ? style.bad('no') : style.warn('unknown');
}

function stateText(conditions: readonly Condition[], isSuspended: boolean): string {
  const by = (type: Condition['type']) => conditions.find((condition) => condition.type === type);
  const told = by('Stalled') ?? by('Reconciling') ?? by('Ready');
  // What stands below the table in full, with the way out, is only named in it.
  const isToldBelow = told?.type === 'Stalled' || told?.reason === 'DependencyNotReady' || told?.reason === 'Suspended';
  const isWell = told?.status === 'True' && told.type === 'Ready';
  const message = told === undefined || told.message === '' || isWell || isToldBelow ? '' : `: ${plain(told.message)}`;
  const text = `${told?.reason ?? ''}${message}`;
  return isSuspended && told?.reason !== 'Suspended' ? `suspended; ${text}` : text;
}

function versionText(observed: string | null, desired: string | null): string {
  if (desired === null) return observed ?? '-';
  if (observed === desired) return desired;
  return observed === null ? `(${desired})` : `${observed} → ${desired}`;
}

function failureLines({ lastPass }: Status, style: Style): readonly string[] {
  if (lastPass.failures.length === 0) return [];
  return ['', style.bold('Failed in the last pass'), ...lastPass.failures.map((failure) => `  ${plain(failure)}`)];
}

function waitLines({ waits, writtenAtMs }: Status, style: Style): readonly string[] {
  if (waits.length === 0) return [];
  const rows = waits.map((wait) => {
    const until = wait.untilMs === null ? '' : `, until ${clockTime(wait.untilMs, writtenAtMs)}`;
    const mark = wait.overdue ? style.bad('overdue ') : '';
    const detail = wait.detail === '' ? '' : ` (${plain(wait.detail)})`;
    return `  ${mark}${plain(wait.condition)}, since ${durationText(writtenAtMs - wait.sinceMs)}${until}${detail}`;
  });
  return ['', style.bold('Waits for'), ...rows];
}

/** That the hypervisor cannot be read stands at the top already. */
function blockLines(status: Status, style: Style): readonly string[] {
  const blocks = status.blocks.filter(({ guard }) => guard !== 'HypervisorUnreachable');
  if (blocks.length === 0) return [];
  const rows = blocks.flatMap((block) => [
    `  ${plain(block.target)}: ${style.bad(block.guard)}: ${plain(block.reason)}`,
    `    way out: ${plain(block.wayOut)}`,
  ]);
  return ['', style.bold('Blocked'), ...rows];
}
