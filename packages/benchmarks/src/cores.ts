/**
 * How far the cores of several threads are from each other. A virtual machine's may lie under one third cache now and
 * under two a second later, without a word about it; then all that threads hand on goes through memory, and figures of
 * several threads are others.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { programs } from "./folders.ts";
import { commandOf, type Place } from "./programs.ts";

/** A sentence on it: printed before and after, since it changes. */
export function distanceOfCores(place: Place): string {
	const [command, ...flags] = commandOf(place);
	const { status, stdout } = spawnSync(command, [...flags, join(programs, "cores/trip.js")], {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
	});
	if (status !== 0) throw new Error("the distance of the cores could not be measured.");
	return `a word in memory goes from core to core and back in ${stdout.trim()} ns`;
}
