/** What the builds that bundle share. */
import type { LogLevel, RolldownLog } from "rolldown";

/** Takes what the bundler says: a warning is an error. */
export function refuse(level: LogLevel, log: RolldownLog): void {
	// What is imported both at once and later is merely there at once.
	if (level === "warn" && log.code !== "INEFFECTIVE_DYNAMIC_IMPORT") throw new Error(log.message);
}
