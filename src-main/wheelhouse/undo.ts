import type { Logger } from '../base/logger';

/** Undone in reverse, each step whatever became of the others. */
export class Undo {
  private readonly steps: { name: string; run: () => void | Promise<void> }[] = [];
  constructor(private readonly logger: Logger) {}
  add(name: string, run: () => void | Promise<void>): void {
    this.steps.push({ name, run });
  }
  async all(): Promise<void> {
    for (const step of this.steps.splice(0).reverse()) {
      try {
        await step.run();
      } catch (error) {
        this.logger.error({ err: error, step: step.name }, 'a step of the stop failed');
      }
    }
  }
}
