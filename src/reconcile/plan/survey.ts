import { attemptOf, type Facts, freshGuest, operationsOf } from './facts.ts';
import { surveySubject } from './guard/local-data.ts';
import { speakerOf } from './health.ts';
import type { NodeInputs } from './node.ts';
import { operationPrefix, planOperation } from './operation.ts';

const MINUTE_MS = 60_000;
/** What a survey found that long ago says nothing about the volumes of now. */
const OLDEST_SURVEY_MS = 15 * MINUTE_MS;
const SURVEY_TIMEOUT_MS = 120_000;

/**
 * Asks a control plane which volumes on the node lie outside of what is kept, before the node is disturbed for a new root disk; the guard LocalData
 * judges the answer. Like a backup's, its attempt is the host's minute, so that its age stands in its id. A node that has not joined yet runs nothing
 * that could have volumes.
 */
export function planSurvey(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  needs: readonly string[],
  isHeldBack: boolean,
): readonly string[] | null {
  const via = speakerOf(facts, cluster);
  if (isNoMember(facts, via, machine.name)) return needs;
  const subject = surveySubject(machine.name);
  const past = operationsOf(freshGuest(facts, via), operationPrefix('survey', subject));
  const last = past.filter((operation) => operation.state === 'succeeded').at(-1);
  const ageMs = last ? facts.nowMs - attemptOf(last.id) * MINUTE_MS : Number.POSITIVE_INFINITY;
  const isFresh = ageMs > -MINUTE_MS && ageMs <= OLDEST_SURVEY_MS;
  // Known once, what is held back for days is looked at anew right before it begins, not all the while.
  if (needs.length === 0 && (isFresh || (last && isHeldBack))) return needs;
  // Who cannot be read would be asked again in every pass.
  if (needs.length === 0 && freshGuest(facts, via) === null)
    return road.draft.wait({
      id: `machine/${machine.name}/survey/via`,
      condition: `the guest of ${via} answers, which knows the volumes on ${machine.name}`,
      timeoutMs: cluster.deadlines.readyMs,
      guest: via,
    });
  return planOperation(facts, road.draft, {
    machine: via,
    node: machine.name,
    verb: 'survey',
    subject,
    needs,
    input: { node: machine.name },
    leastAttempt: Math.floor(facts.nowMs / MINUTE_MS),
    timeoutMs: SURVEY_TIMEOUT_MS,
    title: `look for local volumes on ${machine.name}`,
    reason: 'a new root disk loses what lies outside of the kept paths',
    condition: `the volumes in use on ${machine.name} are known`,
  });
}

function isNoMember(facts: Facts, via: string, name: string): boolean {
  const kubernetes = freshGuest(facts, via)?.kubernetes;
  return kubernetes?.apiReady === true && !kubernetes.nodes.some((node) => node.name === name);
}
