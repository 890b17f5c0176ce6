import { describe, expect, it } from 'vitest';
import { outdated } from './outdated.mjs';
import { createProgress } from './progress.mjs';
import { hashFiles, readRecipe, stepsOf } from './recipe.mjs';
import { createReporter } from './report.mjs';

const dockerfile = `ARG BASE
FROM \${BASE}
#: First (30)
RUN one; \\
    two
# a comment between
#: Second (10)
COPY a b
RUN three
`;

describe('steps of a Dockerfile', () => {
  it('count instructions as the classic builder does', () => {
    expect(stepsOf(dockerfile)).toEqual([
      { name: 'First', seconds: 30, first: 3, last: 3 },
      { name: 'Second', seconds: 10, first: 4, last: 5 },
    ]);
  });

  it('are named in the real recipe, the in-guest agent last', () => {
    const steps = stepsOf(readRecipe().dockerfile);
    expect(steps.length).toBeGreaterThan(5);
    expect(steps.at(-1)?.name).toBe('In-guest agent');
    for (const step of steps) expect(step.last).toBeGreaterThanOrEqual(step.first);
  });
});

describe('the tag', () => {
  const file = (name, text, executable = false) => ({ name, executable, data: Buffer.from(text) });

  it('changes with content, name and executable bit, and with nothing else', () => {
    const base = hashFiles([file('a', '1')]);
    expect(base).toMatch(/^[0-9a-f]{12}$/);
    expect(hashFiles([file('a', '1')])).toBe(base);
    expect(hashFiles([file('a', '2')])).not.toBe(base);
    expect(hashFiles([file('b', '1')])).not.toBe(base);
    expect(hashFiles([file('a', '1', true)])).not.toBe(base);
  });

  it('does not confuse the end of one file with the start of the next', () => {
    expect(hashFiles([file('a', `xb\0-\0${1}\0y`)])).not.toBe(hashFiles([file('a', 'x'), file('b', 'y')]));
  });
});

describe('progress', () => {
  const steps = [
    { name: 'one', seconds: 30 },
    { name: 'two', seconds: 10 },
  ];

  it('never goes back and stops short of the end of a step that takes longer than expected', () => {
    let now = 0;
    const progress = createProgress(steps, () => now);
    progress.start('one');
    let last = 0;
    for (now = 0; now <= 120_000; now += 500) {
      expect(progress.percent()).toBeGreaterThanOrEqual(last);
      last = progress.percent();
    }
    expect(last).toBeLessThan(75);
    progress.finish('one');
    expect(progress.percent()).toBe(75);
    progress.finish('two');
    expect(progress.percent()).toBe(100);
    expect(progress.secondsLeft()).toBe(0);
  });

  it('is told to a program as one JSON object a line', () => {
    const lines = [];
    const progress = createProgress(steps, () => 0);
    const report = createReporter({ json: true, progress, write: (text) => lines.push(JSON.parse(text)) });
    report.begin('x:1', steps);
    report.start('one');
    report.finish('one');
    report.start('two');
    report.failed(Object.assign(new Error('broken'), { fix: 'mend' }));
    report.close();
    expect(lines.map(({ event }) => event)).toContain('start');
    expect(lines).toContainEqual({ event: 'step', name: 'two', state: 'failed', seconds: 0 });
    expect(lines.at(-1)).toEqual({ event: 'failed', message: 'broken', fix: 'mend', step: 'two' });
  });
});

describe('outdated images', () => {
  const images = [
    { id: 'a', tag: 'wheelhouse/desktop:1' },
    { id: 'b', tag: 'wheelhouse/desktop:2' },
    { id: 'c', tag: '<none>:<none>' },
    { id: 'd', tag: 'wheelhouse/desktop:4' },
  ];

  it('are those that are not current and that no container was made from', () => {
    expect(outdated(images, 'wheelhouse/desktop:4', new Set(['a']))).toEqual([images[1], images[2]]);
    expect(outdated(images, 'wheelhouse/desktop:4', new Set(['wheelhouse/desktop:2']))).toEqual([images[0], images[2]]);
  });

  it('are never another name of the current one', () => {
    const twice = [...images, { id: 'd', tag: 'wheelhouse/desktop:old-name' }];
    expect(outdated(twice, 'wheelhouse/desktop:4', new Set()).map(({ id }) => id)).not.toContain('d');
  });
});
