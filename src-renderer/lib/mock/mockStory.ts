import type { Action } from '@shared/action';
import { action, ago, me, minutes, seeds, sessions } from './mockData';

/** The story that the pictures show, oldest first. */
export function story(sessionId: string): Action[] {
  const session = sessions.find((each) => each.sessionId === sessionId);
  const seed = seeds.find((each) => each.id === sessionId);
  const human = { actor: { kind: 'human' as const, name: me } };
  if (session?.status === 'queued') return [];
  const quiet = seed && seed.idle > 30 * minutes ? seed.idle : 0;
  const at = (minute: number, second = 0) => ago(minute * minutes - second + quiet);
  const rows = Array.from({ length: 240 }, (_, index) =>
    action(
      sessionId,
      at(60 - index / 8),
      index % 4 === 0 ? 'Looked at the screen' : `Clicked **Row ${index}**`,
      index % 4 === 0 ? { tool: 'take_screenshot' } : { point: { x: 100 + index * 3, y: 200 + (index % 9) * 42 } },
    ),
  );
  rows.push(
    action(sessionId, at(20), 'Took control', { ...human, tool: 'control.take' }),
    action(sessionId, at(18.2), 'Handed back', {
      ...human,
      tool: 'control.release',
      arguments: { note: 'Signed in with the code. The refund list is open.' },
    }),
    ...[1, 2, 3].map((n) =>
      action(sessionId, at(18, n * 3), 'Looked at the screen', { tool: 'take_screenshot', durationMs: 12 }),
    ),
    action(sessionId, at(17), 'Clicked **Refund requested**', { point: { x: 204, y: 201 } }),
    action(sessionId, at(5), 'Ran **python3 tally.py**', {
      tool: 'execute_shell_command',
      code: 'exit 0',
      durationMs: 1800,
    }),
    action(sessionId, at(4), 'Clicked **Order 48213**', { point: { x: 40, y: 372 }, durationMs: 600 }),
    action(sessionId, at(3), 'Clicked **Refund…**', { point: { x: 950, y: 503 }, durationMs: 300 }),
    action(sessionId, at(2.4), 'Typed **6 characters** in Refund amount', {
      tool: 'type_text',
      point: { x: 930, y: 320 },
      durationMs: 500,
    }),
  );
  if (sessionId === 'company-register')
    rows.push(
      action(sessionId, at(1.8), 'Asked for a person', {
        tool: 'request_human',
        arguments: { why: 'I can’t do picture puzzles. Please solve it and hand back.' },
        outcome: 'pending',
      }),
    );
  else if (session?.control.kind === 'human' && session.control.holder === me) {
    rows.push(
      action(sessionId, session.control.since, 'Took control', { ...human, tool: 'control.take' }),
      action(sessionId, ago(100), 'Clicked **Note to the customer**', {
        ...human,
        tool: 'human.click',
        point: { x: 1000, y: 420 },
        durationMs: null,
      }),
      action(sessionId, ago(90), 'Typed **31 characters**', { ...human, tool: 'human.keys', durationMs: null }),
      action(sessionId, ago(60), 'Clicked **Issue refund**', {
        outcome: 'refused',
        code: 'control_held',
        message: 'Click refused: you hold control',
        point: { x: 950, y: 503 },
      }),
      action(sessionId, ago(41), 'Waited for control', { tool: 'await_control', outcome: 'pending', durationMs: null }),
    );
  } else if (seed)
    rows.push(
      action(sessionId, ago(seed.idle), seed.last, {
        tool: 'type_text',
        outcome: seed.idle === 0 ? 'pending' : 'done',
        point: { x: 985, y: 428 },
      }),
    );
  return rows;
}
