/** What goes wrong between host and guest, from libvirt's words to errors of the role. Texts seen on libvirt 9.0 and QEMU 7.2. */
import { KreError } from '../../../model/error.ts';

/** What an agent command's failure means. `silent` counts for the circuit breaker, the others say something definite. */
export type FailureKind = 'silent' | 'away' | 'forbidden' | 'no-program' | 'pid-forgotten' | 'too-large' | 'other';

const kinds: readonly (readonly [RegExp, FailureKind])[] = [
  [/has been disabled|command is not allowed|CommandDisabled|has not been found|CommandNotFound/i, 'forbidden'],
  [/Invalid parameter 'pid'/i, 'pid-forgotten'],
  [/Failed to execute child process/i, 'no-program'],
  [/Unable to encode message payload|No complete agent response|printed more than/i, 'too-large'],
  [
    /agent is not connected|domain is not running|not configured|failed to get domain|Domain not found|disappeared/i,
    'away',
  ],
  [/not responding|not available|didn't respond|timed? ?out|did not finish in time/i, 'silent'],
];

/** Sorts libvirt's words. */
export function failureKind(words: string): FailureKind {
  return kinds.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
}

/** The error that the role promises for a failure of this kind. */
export function agentFailure(kind: FailureKind, machine: string, words: string, cause?: unknown): KreError {
  if (kind === 'forbidden') return forbidden(machine);
  if (kind === 'too-large') return badReply(machine, 'more than the channel carries', cause);
  return unavailable(machine, sanitised(words, 300) || 'no answer', cause);
}

/** The agent is there and does not do what is needed. */
export function forbidden(machine: string): KreError {
  return new KreError({
    code: 'GuestForbidden',
    message: `the guest agent of ${machine} does not allow guest-exec`,
    hint:
      'Red Hat systems block it: in /etc/sysconfig/qemu-ga take guest-exec and guest-exec-status out of BLOCK_RPCS (BLACKLIST_RPC on 7 and 8), or ' +
      'add them to the allow list of FILTER_RPC_ARGS (9.4 and later), then restart qemu-guest-agent.',
    disposition: 'stalled',
  });
}

/** No answer: not connected, not running, silent, or left alone for a while. */
export function unavailable(machine: string, detail: string, cause?: unknown): KreError {
  return new KreError({
    code: 'GuestUnavailable',
    message: `the guest agent of ${machine} gave no answer: ${detail}`,
    hint: 'It connects once the guest has booted. If it never does: is qemu-guest-agent installed and running there? See its console.',
    disposition: 'retry',
    cause,
  });
}

/** First boot has not come that far, or the image is of somebody else. */
export function programMissing(machine: string): KreError {
  return new KreError({
    code: 'GuestUnavailable',
    message: `the in-guest program is not installed on ${machine}`,
    hint: 'First boot installs it: see /var/log/cloud-init-output.log in the guest if it should have by now.',
    disposition: 'retry',
  });
}

/** Something came that is no reply. What it was is not shown: it may be anything. */
export function badReply(machine: string, detail: string, cause?: unknown): KreError {
  return new KreError({
    code: 'GuestReply',
    message: `the guest of ${machine} answered with ${detail}`,
    hint: 'The reading is taken for unknown. The in-guest program is installed anew when it differs; see the guest itself if this stays.',
    disposition: 'retry',
    cause,
  });
}

/** A verb refused. `words` are the guest's own. */
export function refused(machine: string, verb: string, words: string): KreError {
  return new KreError({
    code: 'GuestOperation',
    message: `${verb} on ${machine}: ${sanitised(words, 300) || 'failed without saying why'}`,
    hint: "These are the guest's own words. It is tried again; `kreconcile status` shows what the guest reports.",
    disposition: 'retry',
  });
}

/** Text from a guest, fit for a terminal: printable, on one line, bounded. */
export function sanitised(text: string, maxLength: number): string {
  return text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, maxLength);
}
