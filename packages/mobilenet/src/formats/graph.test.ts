import { expect, test } from "vitest";
import { nodesTo } from "./graph.ts";

/** Nodes by the value that they make, and the value that each takes; of "in" nothing is made. */
function walk(takes: Readonly<Record<string, string>>, output: string): readonly string[] {
	const nodes = new Map(Object.entries(takes).map(([name, from]) => [name, { name, from }]));
	return nodesTo(output, {
		makerOf: (name: string) => {
			const node = nodes.get(name);
			if (!node) throw new Error(`nothing makes ${name}`);
			return node;
		},
		sourceOf: ({ from }) => (from === "in" ? undefined : from),
		refuseCircle: () => {
			throw new Error("a circle");
		},
	}).map(({ name }) => name);
}

test("nodes come in the order in which they compute, however they are listed", () => {
	expect(walk({ c: "b", a: "in", b: "a" }, "c")).toEqual(["a", "b", "c"]);
});

test("what leads elsewhere is left out", () => {
	expect(walk({ a: "in", b: "a", aside: "a", unused: "nowhere" }, "b")).toEqual(["a", "b"]);
});

test("a circle is refused at its first node met twice, not at the number of nodes", () => {
	let calls = 0;
	const node = {};
	expect(() =>
		nodesTo("a", {
			makerOf: () => node,
			sourceOf: () => {
				calls++;
				return "a";
			},
			refuseCircle: () => {
				throw new Error("a circle");
			},
		}),
	).toThrow("a circle");
	expect(calls).toBe(1);
	expect(() => walk({ a: "c", b: "a", c: "b" }, "c")).toThrow("a circle");
});

test("what nothing makes is the format's to refuse", () => {
	expect(() => walk({ b: "a" }, "b")).toThrow("nothing makes a");
});
