import { describe, expect, it } from 'vitest';
import { pushes, requests } from './ipc';
import { pushNames, requestNames } from './ipcNames';

describe('the IPC contract', () => {
  it('lists every request and every push, and nothing else', () => {
    expect([...requestNames].sort()).toEqual(Object.keys(requests).sort());
    expect([...pushNames].sort()).toEqual(Object.keys(pushes).sort());
  });

  it('refuses unknown fields in every request', () => {
    for (const [name, { input }] of Object.entries(requests)) {
      const refused = !input.safeParse({ surely_not_a_field: 1 }).success;
      expect(refused, name).toBe(true);
    }
  });
});
