export { ContentEventQueue } from './content-event-queue.ts';
