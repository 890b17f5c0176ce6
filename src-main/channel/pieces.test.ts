import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { ActQueue } from './actQueue';
import { clientNameOf } from './clientName';
import { button } from './fields';
import { splitArguments } from './splitArguments';
import { commandWords, plain } from './words';

describe('splitArguments', () => {
  it.each([
    ['', []],
    ['  a  b ', ['a', 'b']],
    ['"a b" c', ['a b', 'c']],
    [`'a "b' c`, ['a "b', 'c']],
    ['a\\ b \\"', ['a b', '"']],
    ['--x="1 2" ""', ['--x=1 2', '']],
  ])('%j', (text, parts) => expect(splitArguments(text)).toEqual(parts));

  it('refuses an open quote', () => expect(() => splitArguments('"a')).toThrow(/open "/));

  it('gives back what was quoted', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (list) => {
        const quoted = list.map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`).join(' ');
        expect(splitArguments(quoted)).toEqual(list);
      }),
    );
  });
});

describe('words', () => {
  it('keeps foreign text on one line, without marks, hidden or turning characters', () => {
    expect(plain('a\n**b**\u202e\u0007c')).toBe('a ·b· c');
    expect([...plain('漢'.repeat(100))].length).toBe(60);
  });

  it.each([
    ['curl -H "Authorization: Bearer abc.def-123"', 'abc.def-123'],
    ['mysql --password=hunter2 db', 'hunter2'],
    ['deploy --token hunter2', 'hunter2'],
    ['git clone https://me:hunter2@host/x', 'hunter2'],
    ['API_KEY=hunter2 run', 'hunter2'],
  ])('cuts the secret out of %s', (command, secret) => expect(commandWords(command)).not.toContain(secret));

  it('leaves ordinary commands alone', () =>
    expect(commandWords('python3 tally.py --out a.csv')).toBe('**python3 tally.py --out a.csv**'));
});

describe('clientNameOf', () => {
  it('reads both eras and nothing else', () => {
    expect(clientNameOf({ method: 'initialize', params: { clientInfo: { name: 'a' } } })).toBe('a');
    const _meta = { 'io.modelcontextprotocol/clientInfo': { name: 'b', title: 'B' } };
    expect(clientNameOf({ method: 'tools/call', params: { _meta } })).toBe('B');
    expect(clientNameOf({ method: 'tools/call', params: { clientInfo: { name: 'c' } } })).toBeNull();
  });

  it('survives anything', () => {
    fc.assert(fc.property(fc.anything(), (value) => void clientNameOf(value)));
  });
});

describe('ActQueue', () => {
  const never = new AbortController().signal;

  it('keeps the order when one in the middle gives up', async () => {
    const queue = new ActQueue();
    const seen: number[] = [];
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const gone = new AbortController();
    const first = queue.run('s', never, async () => {
      await gate;
      seen.push(1);
    });
    const second = queue.run('s', gone.signal, async () => void seen.push(2));
    const third = queue.run('s', never, async () => void seen.push(3));
    gone.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    expect(seen).toEqual([]);
    open();
    await Promise.all([first, third]);
    expect(seen).toEqual([1, 3]);
  });

  it('goes on after a failure, keeps sessions apart, and is bounded', async () => {
    const queue = new ActQueue(2);
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const failing = queue.run('s', never, () => gate.then(() => Promise.reject(new Error('broken'))));
    const waiting = queue.run('s', never, async () => 'next');
    await expect(queue.run('s', never, async () => 'third')).rejects.toMatchObject({ code: 'too_many' });
    expect(await queue.run('other', never, async () => 'beside')).toBe('beside');
    open();
    await expect(failing).rejects.toThrow('broken');
    expect(await waiting).toBe('next');
  });
});

describe('button', () => {
  it('is one of five, in any case', () => {
    expect(['left', 'RIGHT', 'Middle', undefined].map((value) => button.parse(value))).toEqual([
      'Left',
      'Right',
      'Middle',
      'Left',
    ]);
    expect(button.safeParse('primary').success).toBe(false);
  });
});
