import type { Clock } from '../base/clock';
import { Forecast, forecastLimits, type ForecastLimits, type Outlook } from './forecast';

/** One forecast a pool, by the clock that never jumps. In memory: after a restart it is learnt anew. */
export class Forecasts {
  private readonly byPool = new Map<string, Forecast>();

  constructor(
    private readonly clock: Clock,
    private readonly limits: ForecastLimits = forecastLimits,
  ) {}

  arrived(poolId: string): void {
    this.of(poolId).arrived(this.clock.monotonic());
  }
  /** Milliseconds. */
  made(poolId: string, ms: number): void {
    this.of(poolId).made(ms);
  }
  look(poolId: string): Outlook {
    return this.of(poolId).look(this.clock.monotonic());
  }
  forgetPool(poolId: string): void {
    this.byPool.delete(poolId);
  }
  private of(poolId: string): Forecast {
    let forecast = this.byPool.get(poolId);
    if (!forecast) this.byPool.set(poolId, (forecast = new Forecast(this.limits)));
    return forecast;
  }
}
