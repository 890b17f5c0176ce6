import { contextBridge, ipcRenderer } from 'electron';
import type { ErrorBody } from '@shared/errors';
import type { Bridge } from '@shared/ipc';
import { invokeChannel, pushChannel, pushNames, requestNames } from '@shared/ipcNames';

/**
 * The window's whole view of the rest of the app: two functions, names from the contract only, no raw IPC object.
 * Main checks the sender and runs the schemas; the check of names here only keeps mistakes near their cause.
 */
type Answer = { ok: true; value: unknown } | { ok: false; error: ErrorBody };

const requestSet: ReadonlySet<string> = new Set(requestNames);
const pushSet: ReadonlySet<string> = new Set(pushNames);
const listeners = new Map<string, Set<(data: unknown) => void>>();

ipcRenderer.on(pushChannel, (_event, name: string, data: unknown) => {
  for (const listener of [...(listeners.get(name) ?? [])]) listener(data);
});

const bridge = {
  async invoke(name: string, input: unknown): Promise<unknown> {
    if (!requestSet.has(name)) throw new Error(`No such request: ${String(name)}`);
    const answer = (await ipcRenderer.invoke(invokeChannel, name, input)) as Answer;
    if (!answer.ok) throw answer.error;
    return answer.value;
  },
  on(name: string, listener: (data: unknown) => void): () => void {
    if (!pushSet.has(name)) throw new Error(`No such push: ${String(name)}`);
    let set = listeners.get(name);
    if (!set) listeners.set(name, (set = new Set()));
    set.add(listener);
    return () => void set.delete(listener);
  },
};

contextBridge.exposeInMainWorld('wheelhouse', Object.freeze(bridge as unknown as Bridge));
