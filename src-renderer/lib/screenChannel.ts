/** What noVNC may be given instead of an address: anything with the shape of a WebSocket. */
export type ScreenChannel = string | object;

let open: (url: string) => ScreenChannel = (url) => url;

/** Development's stand-in serves its screens from memory. */
export function setScreenChannel(factory: (url: string) => ScreenChannel): void {
  open = factory;
}

export const screenChannel = (url: string) => open(url);
