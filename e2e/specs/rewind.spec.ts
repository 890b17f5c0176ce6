import { expect, test } from '@playwright/test';
import type { Checkpoint } from '../../src-shared/checkpoint';
import { TestApp } from '../harness/app';
import type { TestAgent } from '../harness/agent';
import { onQemu, qemuPidOf, readyOnQemu, savedOf, small } from '../harness/qemu';
import { typedTerminal } from '../harness/terminal';
import { CheckpointsPage } from '../pages/checkpointsPage';
import { SessionPage } from '../pages/sessionPage';

/** Back to a saved moment, memory and disk: by the operator from the window, by the agent with its own tools. */
test.describe.configure({ mode: 'serial' });

test.describe('checkpoints', () => {
  let app: TestApp;
  let view: SessionPage;
  let moments: CheckpointsPage;
  let agent: TestAgent;
  let id = '';
  let place = { x: 0, y: 0 };
  const list = (sessionId = id): Promise<Checkpoint[]> => app.invoke('checkpoints.list', { sessionId });
  const files = () => agent.shell('cd ~ && cat orders.txt late.txt 2>/dev/null; true');
  const newest = async (): Promise<Checkpoint> => (await list()).at(-1)!;

  test.beforeAll(async () => {
    test.setTimeout(300_000);
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    moments = new CheckpointsPage(app.page);
    await onQemu(app);
    agent = await app.agent('rewinder');
    id = String((await agent.must('start_session', { name: 'Orders' })).structured.sessionId);
    place = await typedTerminal(agent);
    await agent.shell('echo first > ~/orders.txt');
    await view.open(id);
  });
  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
  });

  test('the operator saves a moment in the window', async () => {
    await moments.save('Before the clean-up');
    await expect(moments.row('Before the clean-up')).toBeVisible({ timeout: 30_000 });
    await expect.poll(async () => (await newest())?.state, { timeout: 30_000 }).toBe('ready');
    const [saved] = await list();
    expect(saved).toMatchObject({ name: 'Before the clean-up', cause: 'operator', sessionId: id });
    expect(saved!.bytes).toBeGreaterThan(0);
    expect(saved!.frame).toMatch(/^[0-9a-f]{64}$/);
    expect(saved!.afterActionId).not.toBeNull();
    // The agent went on meanwhile and was told nothing.
    await view.says('Agent is acting');
    expect((await agent.call('click', place)).isError).toBe(false);
  });

  test('the agent goes on: it deletes a file, makes another, types and leaves a program running', async () => {
    await agent.must('type_text', { text: 'after the moment\n' });
    await agent.shell('rm ~/orders.txt; echo late > ~/late.txt; (sleep 4711 &) >/dev/null 2>&1');
    expect(await files()).toBe('late\n');
    await expect.poll(() => agent.shell('cat /tmp/typed')).toBe('after the moment\n');
  });

  test('the operator rewinds from the window: the screen comes back by itself', async () => {
    const before = await qemuPidOf(app, id);
    await moments.rewindFromTimeline('Before the clean-up');
    await expect.poll(async () => (await app.invoke('sessions.get', { sessionId: id })).control.kind).toBe('agent');
    await view.live();
    await view.says('Agent is acting');
    expect(await qemuPidOf(app, id)).not.toBe(before);
  });

  test('the agent is told once what was undone; its next act, planned on what is gone, is refused', async () => {
    const refused = await agent.call('type_text', { text: 'blind\n' });
    expect(refused).toMatchObject({ isError: true, structured: { code: 'stale_epoch' } });
    expect(refused.text).toContain('Before the clean-up');
    expect(refused.text).toMatch(/undone|rewound|put back/i);
    // Memory and disk agree: files, processes and what the open terminal had written.
    expect(await files()).toBe('first\n');
    expect(await agent.shell('cat /tmp/typed; pgrep -f "sleep 471[1]"; true')).toBe('');
  });

  test('it works on: the same terminal takes keys, and the window shows them live', async () => {
    await agent.must('take_screenshot');
    const before = await view.pixels();
    await agent.must('click', place);
    await agent.must('type_text', { text: 'in the new present\n' });
    await expect.poll(() => agent.shell('cat /tmp/typed')).toBe('in the new present\n');
    await expect.poll(() => view.pixels()).not.toBe(before);
    // The clock of the machine is today's and not the checkpoint's.
    const drift = Math.abs(Number(await agent.shell('date +%s')) - Date.now() / 1000);
    expect(drift).toBeLessThan(30);
  });

  test('a person’s keys reach the desktop that came back', async () => {
    await view.takeControl();
    await view.clickGuest(place.x, place.y, small);
    await view.typeKeys('by hand\n');
    await view.handBackWith('A line by hand.');
    await view.says('Agent is acting');
    expect((await agent.must('take_screenshot')).text).toContain('A line by hand.');
    await expect.poll(() => agent.shell('cat /tmp/typed')).toBe('in the new present\nby hand\n');
  });

  test('the record keeps what was undone, and says that it was', async () => {
    const page = await app.invoke('timeline.list', { sessionId: id, limit: 200 });
    const words = page.data.map((action) => action.words).join('\n');
    expect(words).toContain('Before the clean-up');
    expect(words).toMatch(/rewound|put back|went back/i);
    expect(JSON.stringify(page.data)).toContain('late.txt');
  });

  test('the agent saves, lists and goes back by its own tools', async () => {
    expect(await agent.tools()).toEqual(
      expect.arrayContaining(['checkpoint_create', 'checkpoint_list', 'checkpoint_restore']),
    );
    await agent.shell('echo mine > ~/late.txt');
    const made = await agent.must('checkpoint_create', { name: 'Mine' });
    const checkpointId = String(made.structured.checkpointId);
    const listed = await agent.must('checkpoint_list');
    expect(listed.text).toContain('Mine');
    expect(listed.text).toContain('Before the clean-up');
    await agent.shell('echo spoilt > ~/late.txt');
    const restored = await agent.must('checkpoint_restore', { checkpointId });
    expect(restored.text).toMatch(/stale|look again|screenshot/i);
    await agent.must('take_screenshot');
    expect(await files()).toBe('first\nmine\n');
    await moments.open();
    await expect(moments.row('Mine')).toBeVisible();
    expect((await newest()).cause).toBe('agent');
    expect(await agent.call('checkpoint_restore', { checkpointId: 'cp_nowhere' })).toMatchObject({
      isError: true,
      structured: { code: 'not_found' },
    });
  });

  test('another agent can neither see them nor go back to them', async () => {
    const stranger = await app.agent('stranger');
    try {
      const { checkpointId } = await newest();
      await readyOnQemu(app);
      await stranger.must('start_session', { name: 'Elsewhere' });
      const listed = await stranger.must('checkpoint_list');
      expect(listed.text).not.toContain('Mine');
      expect((await stranger.call('checkpoint_restore', { checkpointId })).structured.code).toBe('not_found');
      expect((await stranger.call('checkpoint_list', { sessionId: id })).isError).toBe(true);
      await stranger.must('end_session');
    } finally {
      await stranger.close();
    }
  });

  test('a branch is a session of its own beside this one, from that moment on', async () => {
    const known = new Set(
      (await app.invoke('sessions.list', { live: true, limit: 50 })).data.map(({ sessionId }) => sessionId),
    );
    await moments.branch('Before the clean-up', 'Second try');
    let branch = '';
    await expect
      .poll(
        async () => {
          const { data } = await app.invoke('sessions.list', { live: true, limit: 50 });
          branch = data.find(({ sessionId, status }) => !known.has(sessionId) && status === 'active')?.sessionId ?? '';
          return branch;
        },
        { timeout: 30_000 },
      )
      .not.toBe('');
    await view.open(branch);
    await expect(app.page.getByRole('heading', { name: 'Second try' })).toBeVisible();
    const other = await app.invoke('sessions.get', { sessionId: branch });
    expect(other.machineId).not.toBe((await app.invoke('sessions.get', { sessionId: id })).machineId);
    expect(await qemuPidOf(app, branch)).not.toBe(await qemuPidOf(app, id));
    // Two machines with two identities and two pasts: a person looks into the branch with its own terminal.
    expect(await files()).toBe('first\nmine\n');
    await view.takeControl();
    await view.clickGuest(place.x, place.y, small);
    const before = await view.pixels();
    await view.typeKeys('in the branch\n');
    await expect.poll(() => view.pixels()).not.toBe(before);
    await view.handBackWith('');
    expect(await agent.shell('cat /tmp/typed')).toBe('in the new present\nby hand\n');
    await app.invoke('sessions.release', { sessionId: branch });
    await view.open(id);
    expect(await files()).toBe('first\nmine\n');
  });

  test('by the pool’s policy one is made as a person takes the wheel', async () => {
    await app.invoke('pools.update', {
      id: 'desktop',
      patch: { checkpoints: { beforeTakeover: true, beforeCommands: false, keep: 6 } },
    });
    await view.takeControl();
    await expect.poll(async () => (await newest()).cause, { timeout: 30_000 }).toBe('takeover');
    await view.clickGuest(place.x, place.y, small);
    await view.typeKeys('spoilt by hand\n');
    await view.handBackWith('Sorry.');
    await view.says('Agent is acting');
    await agent.must('take_screenshot');
    await expect.poll(() => agent.shell('cat /tmp/typed')).toContain('spoilt by hand');
    await expect.poll(async () => (await newest()).state, { timeout: 30_000 }).toBe('ready');
    const { name } = await newest();
    await moments.rewind(name);
    await expect.poll(async () => (await app.invoke('sessions.get', { sessionId: id })).control.kind).toBe('agent');
    await agent.call('click', place);
    expect(await agent.shell('cat /tmp/typed')).toBe('in the new present\nby hand\n');
  });

  test('one that is deleted is gone from the list and from the disk', async () => {
    const before = await savedOf(app.dataDir);
    const count = (await list()).length;
    await moments.remove('Mine');
    await expect(moments.row('Mine')).toHaveCount(0);
    expect((await list()).map(({ name }) => name)).not.toContain('Mine');
    expect(await list()).toHaveLength(count - 1);
    await expect.poll(async () => (await savedOf(app.dataDir)).length).toBeLessThan(before.length);
  });

  test('they end with their session', async () => {
    await agent.must('end_session', { sessionId: id });
    await expect.poll(() => savedOf(app.dataDir), { timeout: 20_000 }).toEqual([]);
    expect(await list().catch(() => [])).toEqual([]);
    await readyOnQemu(app);
  });
});
