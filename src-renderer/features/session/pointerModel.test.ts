import { describe, expect, it } from 'vitest';
import { action } from '../gallery/fixtures';
import { pointerView } from './pointerModel';

const size = { width: 1280, height: 800 };

describe('pointerView', () => {
  it('flips the label at the edges', () => {
    expect(pointerView(action('a', 'Clicked **Save**', { point: { x: 640, y: 400 } }), undefined, size)).toMatchObject({
      left: 50,
      top: 50,
      side: 'right',
      rise: 'below',
    });
    expect(pointerView(action('a', 'Clicked **Save**', { point: { x: 1270, y: 790 } }), undefined, size)).toMatchObject(
      {
        side: 'left',
        rise: 'above',
      },
    );
  });
  it('flips a long label before the narrowest picture cuts it', () => {
    const at = (x: number, words: string) =>
      pointerView(action('a', words, { point: { x, y: 400 } }), undefined, size)?.side;
    expect(at(963, 'Ran export **API_KEY=[masked] now**')).toBe('left');
    expect(at(963, 'Pressed **Tab**')).toBe('right');
  });
  it('stays where it acted while the agent only looks', () => {
    const click = action('a', 'Clicked **Save**', { point: { x: 640, y: 400 } });
    const look = action('b', 'Looked at the screen', { tool: 'take_screenshot' });
    expect(pointerView(click, look, size)).toMatchObject({ left: 50, label: 'Looked at the screen' });
  });
  it('shows nothing for what did not happen on the screen', () => {
    expect(pointerView(undefined, undefined, size)).toBeNull();
    expect(pointerView(action('a', 'Ran **ls**'), undefined, size)).toBeNull();
    expect(pointerView(action('a', 'Clicked **x**', { point: { x: 5000, y: 10 } }), undefined, size)).toBeNull();
    expect(
      pointerView(action('a', 'Clicked **x**', { point: { x: 5, y: 10 }, outcome: 'refused' }), undefined, size),
    ).toBeNull();
    expect(
      pointerView(
        action('a', 'Clicked **x**', { point: { x: 5, y: 10 }, actor: { kind: 'human', name: 'M' } }),
        undefined,
        size,
      ),
    ).toBeNull();
  });
});
