import { app, Notification } from 'electron';
import type { Attention } from '@shared/action';
import type { Bus } from '../base/bus';
import { noticeText } from './noticeText';

/**
 * The system's notifications for what waits on a person: one an item, taken back when it no longer waits. A click
 * opens the session. The count goes to the dock or launcher badge where there is one.
 */
export function notifyOfAttention(bus: Bus, waiting: () => number, open: (item: Attention) => void): () => void {
  const shown = new Map<string, Notification>();
  const stop = bus.on((event) => {
    if (event.event !== 'attention') return;
    const item = event.data;
    app.setBadgeCount(waiting());
    if (item.state !== 'waiting') {
      shown.get(item.id)?.close();
      shown.delete(item.id);
      return;
    }
    if (shown.has(item.id) || !Notification.isSupported()) return;
    const notification = new Notification({
      ...noticeText(item, process.platform),
      urgency: item.urgency === 'now' ? 'critical' : 'normal',
    });
    notification.on('click', () => open(item));
    shown.set(item.id, notification);
    notification.show();
  });
  return () => {
    stop();
    for (const notification of shown.values()) notification.close();
    shown.clear();
  };
}
