/** One line of `virsh event --all --loop --timestamp`. libvirt names the domain, not its UUID. */
export interface VirshEvent {
  /** `lifecycle`, `agent-lifecycle`, `metadata-change`, `reboot`… */
  readonly type: string;
  readonly domain: string;
  /** Free text: `Started Booted`, `state: 'connected' reason: 'channel event'`. */
  readonly detail: string;
}

const eventLine = /event '([^']+)' for domain '([^']*)'(?:: ?(.*))?$/;

/** `null` for a line that is no event. Seen: `2026-11-20 21:15:00.123+0000: event 'lifecycle' for domain 'a': Started Booted`. */
export function parseEventLine(line: string): VirshEvent | null {
  const match = eventLine.exec(line);
  if (!match) return null;
  return { type: match[1] ?? '', domain: match[2] ?? '', detail: match[3] ?? '' };
}
