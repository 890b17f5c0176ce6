import { cropRound } from '../../lib/cropModel';
import { cropUrl } from '../../lib/pictures';
import css from './CropImage.module.css';

export interface CropImageProps {
  hash: string;
  point: { x: number; y: number };
  screen: { width: number; height: number };
  width: number;
  height: number;
  scale?: number;
  className?: string;
}

/** The part of a frame where something happened, cut and scaled by the main process, with a ring on the point. */
export function CropImage({ hash, point, screen, width, height, scale = 0.45, className }: CropImageProps) {
  const { crop, ring } = cropRound(point, screen, { width, height }, scale);
  return (
    <span className={`${css.crop} ${className ?? ''}`} style={{ width, height }}>
      <img src={cropUrl(hash, crop)} width={width} height={height} alt="" loading="lazy" draggable={false} />
      <span className={css.ring} style={{ left: ring.x, top: ring.y }} />
    </span>
  );
}
