import { objectKey } from '../../../model/mark.ts';
import { minuteText } from '../../../model/time-text.ts';
import { ownMark } from '../facts.ts';
import { digestName } from '../quarantine.ts';
import type { Guard } from './objection.ts';

/** What failed on this machine and was taken back is not tried again before a commit changes it or a person says so. */
export const quarantined: Guard = (facts, { machine, object, digest }) => {
  const domain = facts.domainsByUuid.get(machine.uuid);
  const entry = domain && ownMark(domain, facts.desired.owner)?.quarantined.find((one) => one.digest === digest);
  if (!entry) return null;
  return {
    guard: 'Quarantined',
    reason: `${machine.name} was rolled back: ${entry.reason} (${digestName(entry.digest)}, ${minuteText(entry.atMs)})`,
    wayOut: `Commit something else in its place, or once the cause is mended: kreconcile retry ${objectKey(object)}`,
  };
};
