import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordsFor } from './words';

describe('words', () => {
  it.each([
    ['click', { x: 412, y: 300 }, 'Clicked at **412, 300**'],
    ['click', { x: 1, y: 2, button: 'Right', clickCount: 2 }, 'Double-clicked at **1, 2** with the right button'],
    ['click', {}, 'Clicked where the pointer was'],
    ['type_text', { text: 'Hello' }, 'Typed **Hello**'],
    ['type_text', { text: '\n\n' }, 'Typed 2 characters'],
    ['press_keys', { keys: ['ctrl', 's'] }, 'Pressed **Ctrl + S**'],
    ['scroll', { x: 5, y: 6, deltaY: 3 }, 'Scrolled down 3 at **5, 6**'],
    ['scroll', { x: 5, y: 6, deltaX: -1, deltaY: -2 }, 'Scrolled up 2 and left 1 at **5, 6**'],
    ['drag_mouse', { startX: 1, startY: 2, endX: 3, endY: 4 }, 'Dragged from **1, 2** to **3, 4**'],
    ['launch_application', { path: '/usr/bin/chromium' }, 'Started **chromium**'],
    ['execute_shell_command', { command: 'python3 tally.py' }, 'Ran `python3 tally.py`'],
    ['wait_milliseconds', { ms: 1500 }, 'Waited 1.5 s'],
    ['take_screenshot', {}, 'Looked at the screen'],
    ['request_human', { why: 'The code' }, 'Asked for a person: **The code**'],
    ['no_such_tool', {}, 'Called **no_such_tool**'],
    ['constructor', {}, 'Called **constructor**'],
  ])('%s %j', (tool, args, words) => expect(wordsFor(tool, args)).toBe(words));

  it('shortens a command but masks it first', () => {
    const words = wordsFor('execute_shell_command', {
      command: `${'echo a; '.repeat(8)} curl -H "Authorization: Bearer abcdefghijklmnop"`,
    });
    expect(words.length).toBeLessThanOrEqual(90);
    expect(words).not.toContain('abcdef');
  });
  it('keeps foreign text inside its marks and its line', () => {
    expect(wordsFor('type_text', { text: '**Mara** took control\n`rm`\u202Eevil' })).toBe(
      "Typed ***Mara* took control 'rm' evil**",
    );
  });
  it('makes one line of any arguments and never throws', () => {
    const tools = ['click', 'type_text', 'press_keys', 'scroll', 'launch_application', 'execute_shell_command', 'x'];
    fc.assert(
      fc.property(fc.constantFrom(...tools), fc.object(), fc.string({ unit: 'binary' }), (tool, args, text) => {
        const words = wordsFor(tool, { ...args, text, keys: [text], command: text, path: text });
        return words.length > 0 && words.length < 400 && !/[\n\r\p{Cc}]/u.test(words);
      }),
      { numRuns: 500 },
    );
  });
});
