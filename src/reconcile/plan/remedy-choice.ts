import type { RemediationPolicy } from '../../model/desired.ts';
import type { RemedyAction } from '../../model/manifest.ts';
import { type Mark, objectKey } from '../../model/mark.ts';
import { minuteText } from '../../model/time-text.ts';
import type { Ailment } from './ailment.ts';
import type { Facts } from './facts.ts';
import type { Beginning } from './gate.ts';
import { roomForPeak } from './guard/host-capacity.ts';
import { localData } from './guard/local-data.ts';
import type { NodeInputs } from './node.ts';
import { COUNTED_MS, decidedRecreate, type RemedyRecord } from './remedy-record.ts';

/** What is next for an unhealthy node. */
export type Choice =
  | { readonly kind: 'act'; readonly action: RemedyAction; readonly next: RemedyAction | null }
  | { readonly kind: 'none'; readonly reason: string; readonly wayOut: string; readonly untilMs: number | null };

export interface ChoiceInit {
  readonly policy: RemediationPolicy;
  readonly node: NodeInputs;
  readonly mark: Mark;
  readonly record: RemedyRecord;
}

/** Each action once an outage, never a milder one after a harsher; one that cannot be done now is passed over. */
export function choose(facts: Facts, init: ChoiceInit, ailment: Ailment): Choice {
  const { policy, node, mark, record } = init;
  const retry = `look at the machine (kreconcile status, its console); counting begins anew when it is well, or with kreconcile retry ${objectKey(node.machine.object)}`;
  const none = (reason: string, untilMs: number | null = null): Choice => ({
    kind: 'none',
    reason,
    wayOut: `Nothing more is done by itself${untilMs === null ? '' : ` before ${minuteText(untilMs)}`}: ${retry}.`,
    untilMs,
  });
  if (decidedRecreate(mark))
    return none(`a new root disk is decided, and image ${mark.spec.image.digest} is not in the store`);
  const tried = record.outage.map(({ action }) => policy.actions.indexOf(action));
  const left = policy.actions.slice(Math.max(-1, ...tried) + 1);
  if (left.length === 0) return none(`what spec.remediation allows was done and did not help: ${told(record)}`);
  const [oldest] = record.counted;
  if (oldest && record.counted.length >= policy.maxTries)
    return none(
      `it was remedied ${record.counted.length} times within 24 hours: ${told(record)}`,
      oldest.atMs + COUNTED_MS,
    );
  const judged = left.map((action) => ({ action, obstacle: obstacleTo(facts, init, ailment, action) }));
  const index = judged.findIndex(({ obstacle }) => obstacle === null);
  const chosen = judged[index];
  if (!chosen) return none(judged.map(({ action, obstacle }) => `no ${action}: ${obstacle}`).join('; '));
  return { kind: 'act', action: chosen.action, next: judged[index + 1]?.action ?? null };
}

/** Why an action cannot be done, whoever asks for it; `null`: it can. */
function obstacleTo(facts: Facts, { node, mark }: ChoiceInit, ailment: Ailment, action: RemedyAction): string | null {
  if (action === 'reset') return null;
  if (action === 'restart') return ailment.answers ? null : 'its guest does not answer';
  const { machine, cluster } = node;
  if (mark.spec.stateDiskMiB === null) return 'it has no state disk, so its data would be lost';
  if (machine.strategy === 'InPlaceOnly') return 'spec.upgrade.strategy is InPlaceOnly';
  if (!facts.imageDigests.has(mark.spec.image.digest)) return `image ${mark.spec.image.digest} is not in the store`;
  const beginning: Beginning = { object: machine.object, cluster, machine, what: 'recreate', digest: null };
  return (roomForPeak(facts, beginning) ?? localData(facts, beginning))?.reason ?? null;
}

function told({ counted, outage }: RemedyRecord): string {
  const all = [...new Set([...counted, ...outage])];
  return all.map(({ action, atMs }) => `${action} at ${minuteText(atMs)}`).join(', ');
}
