import type { PassReport, Verdict } from '../../model/report.ts';
import { plain, type Style } from './style.ts';
import { shortRevision } from './time.ts';

const meaning: Readonly<Record<Verdict, string>> = {
  converged: 'the host is as the revision asks',
  working: 'not done yet',
  blocked: 'guards forbid what is left',
  suspended: 'what is left is suspended',
  failed: 'something failed and nothing else moves',
  invalid: 'the newest revision is not valid',
  unreachable: 'the source cannot be read',
};

/** How it ended, and what is left with the way out of each. */
export function summaryText({ plan, verdict }: PassReport, style: Style): string {
  const colour = verdict === 'converged' ? style.good : verdict === 'working' ? style.warn : style.bad;
  const revision = plan ? ` (revision ${shortRevision(plan.revision)})` : '';
  const lines = [`${colour(verdict)}: ${meaning[verdict]}${revision}.`];
  for (const block of plan?.blocks ?? []) {
    lines.push(
      `  ${block.target.kind}/${block.target.name} ${style.bad(block.guard)}: ${plain(block.reason)}`,
      `    way out: ${plain(block.wayOut)}`,
    );
  }
  if (verdict !== 'converged') {
    for (const wait of plan?.waits ?? []) {
      if (wait.needs.length > 0) continue;
      lines.push(`  waits: ${plain(wait.condition)}${wait.detail === '' ? '' : ` (${plain(wait.detail)})`}`);
    }
    for (const step of plan?.steps ?? []) if (step.needs.length === 0) lines.push(`  next: ${plain(step.title)}`);
    if (!plan && verdict === 'working') lines.push('  nothing is planned yet: the source has not been read');
  }
  return `${lines.join('\n')}\n`;
}
