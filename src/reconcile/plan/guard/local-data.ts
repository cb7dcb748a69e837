import { clusterOf, type Facts, freshGuest, operationsOf } from '../facts.ts';
import { operationPrefix } from '../operation.ts';
import type { Guard } from './objection.ts';

/** What a survey of a node's volumes is about: the verb and this make its operation's id. */
export function surveySubject(machine: string): string {
  return machine;
}

/** A new root disk loses what lies on the old one: persistent and host-path volumes in use outside of what is kept forbid it. */
export const localData: Guard = (facts, { machine, what }) => {
  if (what !== 'recreate' || !clusterOf(facts, machine)) return null;
  const outside = surveyed(facts, machine.name);
  if (outside.length === 0) return null;
  return {
    guard: 'LocalData',
    reason: `${machine.name} would lose data that lies outside its state disk: ${outside.join(', ')}`,
    wayOut: 'Move these volumes, or add their folders to keepPaths before the node is made.',
  };
};

/** Volumes that the newest survey found; empty before one was made. */
function surveyed(facts: Facts, machine: string): readonly string[] {
  const past = operationsOf(freshGuest(facts, machine), operationPrefix('survey', surveySubject(machine)));
  const last = past.filter((operation) => operation.state === 'succeeded').at(-1);
  return (last?.result['outside'] ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .slice(0, 10);
}
