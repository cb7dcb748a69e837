import { clusterOf, type Facts, freshGuest, operationsOf } from '../facts.ts';
import { speakerOf } from '../health.ts';
import { operationPrefix } from '../operation.ts';
import type { Guard } from './objection.ts';

/** What a survey of a node's volumes is about: the verb and this make its operation's id. */
export function surveySubject(machine: string): string {
  return machine;
}

/** A new root disk loses what lies on the old one: persistent and host-path volumes in use outside of what is kept forbid it. */
export const localData: Guard = (facts, { machine, what }) => {
  const cluster = clusterOf(facts, machine);
  if (what !== 'recreate' || !cluster) return null;
  const outside = surveyed(facts, speakerOf(facts, cluster), machine.name);
  if (outside.length === 0) return null;
  return {
    guard: 'LocalData',
    reason: `${machine.name} would lose data that lies outside its state disk: ${outside.join(', ')}`,
    wayOut: 'Move these volumes, or add their folders to keepPaths before the node is made.',
  };
};

/** Volumes that the newest survey found, as the control plane that was asked tells; empty before one was made. */
function surveyed(facts: Facts, via: string, machine: string): readonly string[] {
  const past = operationsOf(freshGuest(facts, via), operationPrefix('survey', surveySubject(machine)));
  const last = past.filter((operation) => operation.state === 'succeeded').at(-1);
  return (last?.result['outside'] ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .slice(0, 10);
}
