import { EventEmitter } from "node:events";

/** As they are before a program puts others in their place. */
const { listenerCount, listeners } = EventEmitter.prototype;

export function countListeners(emitter: object, event: string): number {
	return listenerCount.call(emitter as EventEmitter, event);
}

export function listenersOf(emitter: object, event: string): object[] {
	return listeners.call(emitter as EventEmitter, event);
}
