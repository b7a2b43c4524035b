/**
 * Measures the latency between the cores of several threads. In a virtual machine, cores may share an L3 cache at one
 * moment and not at the next, without notice. Then everything that threads exchange goes through memory, and times on
 * several threads change.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { programs } from "./folders.ts";
import { commandOf, type Place } from "./programs.ts";

/** A sentence with the latency, printed before and after measuring because it changes. */
export function distanceOfCores(place: Place): string {
	const [command, ...flags] = commandOf(place);
	const { status, stdout } = spawnSync(command, [...flags, join(programs, "cores/trip.js")], {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
	});
	if (status !== 0) throw new Error("the latency between the cores could not be measured.");
	return `a word in memory goes from core to core and back in ${stdout.trim()} ns`;
}
