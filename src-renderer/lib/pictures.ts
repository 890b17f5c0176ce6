/** A part of a frame: source pixels, and the factor by which the main process scales it down (0.05-1). */
export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
  scale: number;
}

export interface PictureSource {
  frame(hash: string): string;
  crop(hash: string, crop: Crop): string;
  thumb(sessionId: string, version: number, width: number): string;
}

/** Relative addresses: `app://wheelhouse/…` in the app, the same paths on a development server. */
const served: PictureSource = {
  frame: (hash) => `/frames/${hash}.png`,
  crop: (hash, crop) =>
    `/frames/${hash}.png?x=${crop.x}&y=${crop.y}&w=${crop.width}&h=${crop.height}&scale=${crop.scale}`,
  thumb: (sessionId, version, width) => `/thumbs/${encodeURIComponent(sessionId)}.jpg?v=${version}&w=${width}`,
};

let source = served;

/** Development's stand-in draws its own pictures. */
export function setPictureSource(other: PictureSource): void {
  source = other;
}

export const frameUrl = (hash: string) => source.frame(hash);
export const cropUrl = (hash: string, crop: Crop) => source.crop(hash, crop);
export const thumbUrl = (sessionId: string, version: number, width: number) => source.thumb(sessionId, version, width);
