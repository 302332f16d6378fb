/** The timers as they are before a program puts others in their place, as tests do that steer time by hand. */
export const { setTimeout, clearTimeout, setImmediate } = globalThis;
