export { createTimeline, type TimelineService } from './timeline';
export { createHumanRecorder, type HumanRecorder } from './human';
