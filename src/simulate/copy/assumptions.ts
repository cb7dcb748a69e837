/** Machines that one sentence names at most. */
const NAMED = 6;

/** What could not be read and is assumed, gathered while a host is copied. */
export interface Assumptions {
  /** One more machine of which a sentence is true. `{}` in the sentence stands for the machines. */
  add(sentence: string, machine: string): void;
  /** The sentences, each once, in the order in which they were first said. */
  sentences(): readonly string[];
}

export function createAssumptions(): Assumptions {
  const machines = new Map<string, string[]>();
  return {
    add(sentence, machine) {
      machines.set(sentence, [...(machines.get(sentence) ?? []), machine]);
    },
    sentences: () => [...machines].map(([sentence, names]) => sentence.replace('{}', listed([...names].sort()))),
  };
}

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  const shown = names.slice(0, NAMED).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
