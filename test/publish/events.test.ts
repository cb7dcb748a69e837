import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventFile } from '../../src/publish/event-file.ts';
import { type AgentEvent, eventsOf } from '../../src/publish/events.ts';
import { createStatusFile } from '../../src/publish/status-file.ts';
import { summarize } from '../../src/publish/summarize.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { silentLog, temporaryFolder } from '../source/repository.ts';
import { block, controlPlane, domain, inputOf, step, worker } from './scene.ts';

const texts = (events: readonly AgentEvent[]) =>
  events.map(({ type, object, reason }) => `${type} ${object} ${reason}`);

describe('the events of a pass', () => {
  const well = summarize(inputOf({}));

  it('are none when nothing changed', () => {
    expect(eventsOf(well, summarize(inputOf({}, { previous: well })), null, [])).toEqual([]);
  });

  it('tell what was done, by title, and what failed', () => {
    const input = inputOf({ plan: { steps: [step('a', worker), step('b', controlPlane)] } });
    const events = eventsOf(summarize(input), summarize(input), input.plan, [
      { step: 'a', state: 'done', atMs: 7 },
      { step: 'b', state: 'failed', atMs: 8, code: 'VirshFailed', message: 'no', hint: 'x' },
    ]);
    expect(events).toEqual([
      { atMs: 7, type: 'Normal', object: `Machine/${worker}`, reason: 'StepDone', message: 'do a', revision: 'r1' },
      expect.objectContaining({ type: 'Warning', reason: 'StepFailed', message: 'do b: no (VirshFailed)' }),
    ]);
  });

  it('tell that something is not well any more, and what stalls', () => {
    const gone = summarize(inputOf({ domains: [domain(controlPlane)] }));
    expect(texts(eventsOf(well, gone, null, []))).toEqual([
      'Normal Cluster/dev NotCreated',
      `Normal Machine/${worker} NotCreated`,
    ]);
    const stalled = summarize(inputOf({ plan: { blocks: [block('Conflict', worker)] } }));
    expect(texts(eventsOf(well, stalled, null, []))).toContain(`Warning Machine/${worker} Conflict`);
  });

  it('tell a new revision, a problem of the source with its places, and its end', () => {
    const source = { ...inputOf({}).source, lastGoodRevision: 'r2' };
    const problem = { code: 'ManifestInvalid', message: 'not valid', hint: '', details: ['dev.yaml:3:1: bad'] };
    const next = summarize(inputOf({}, { source }));
    const broken = summarize(inputOf({}, { source: { ...source, problem } }));
    expect(texts(eventsOf(well, next, null, []))).toEqual(['Normal Source RevisionEnforced']);
    expect(eventsOf(next, broken, null, [])).toEqual([
      expect.objectContaining({ type: 'Warning', message: 'not valid; dev.yaml:3:1: bad' }),
    ]);
    expect(texts(eventsOf(broken, broken, null, []))).toEqual([]);
    expect(texts(eventsOf(broken, next, null, []))).toEqual(['Normal Source SourceRecovered']);
  });
});

describe('what is written', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  const event = (message: string, atMs: number, type: AgentEvent['type'] = 'Warning'): AgentEvent => {
    return { atMs, type, object: 'Machine/a', reason: 'StepFailed', message, revision: null };
  };
  const open = () => createEventFile(systemFiles, folder.path, silentLog);
  const messages = async (limit = 5000) => (await open().latest(limit)).map(({ message }) => message);

  it('survives the agent, a damaged line included', async () => {
    await open().append([event('one', 1), event('two', 2)]);
    appendFileSync(join(folder.path, 'events.jsonl'), '{"atMs":3,\nnull\n');
    await open().append([event('three', 4)]);
    expect(await messages()).toEqual(['one', 'two', 'three']);
    expect(await messages(1)).toEqual(['three']);
  });

  it('tells a warning again only after a while, and anything else each time', async () => {
    const file = open();
    await file.append([event('no', 0), event('no', 299_999), event('no', 300_000)]);
    await file.append([event('done', 1, 'Normal'), event('done', 2, 'Normal')]);
    expect(await messages()).toEqual(['no', 'no', 'done', 'done']);
  });

  it('keeps the latest thousand', async () => {
    await open().append(Array.from({ length: 1500 }, (_, index) => event(String(index), index, 'Normal')));
    const kept = await messages();
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([1000, '500', '1499']);
  });

  it('is a status that reads back, and nothing where it is damaged', async () => {
    const file = createStatusFile(systemFiles, join(folder.path, 'state'), silentLog);
    expect(await file.read()).toBe(null);
    const status = summarize(inputOf({}));
    await file.write(status);
    expect(await file.read()).toEqual(status);
    expect(JSON.parse(readFileSync(join(folder.path, 'state/status.json'), 'utf8'))).toEqual(status);
    appendFileSync(join(folder.path, 'state/status.json'), '}');
    expect(await file.read()).toBe(null);
  });
});
