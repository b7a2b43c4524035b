/** The summary against torchinfo's own output, to the character. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
	type Configuration,
	type ConfigurationOptions,
	configure,
	type SummaryColumn,
	type SummaryTextOptions,
	summary,
	summaryColumns,
} from "../../src/network/index.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const golden: readonly [file: string, options: ConfigurationOptions, how: SummaryTextOptions][] = [
	["golden/torchinfo_summary.txt", {}, {}],
	["golden/torchinfo/depth1.txt", {}, { depth: 1 }],
	["golden/torchinfo/depth2.txt", {}, { depth: 2 }],
	["golden/torchinfo/alpha0.5_batch8_classes10.txt", { alpha: 0.5, classes: 10 }, { batch: 8 }],
	["golden/torchinfo/alpha0.25_columns.txt", { alpha: 0.25 }, { columns: summaryColumns }],
];
const files = golden.map(([file]) => file);

describeWithShared("the tutorial's network is printed as torchinfo prints it", files, () => {
	test.each(golden)("%s", (file, options, how) => {
		const text = summary(configure({ preset: "tutorial", ...options }), how);
		expect(`${text}\n`).toBe(readFileSync(shared(file), "utf8"));
	});
});

interface Case {
	name: string;
	configuration: Configuration;
	batch: number;
	depth: number;
	columns: SummaryColumn[];
}

describe("other networks are printed as torchinfo prints the same module (torchinfo/make.py)", () => {
	const folder = new URL("./torchinfo/", import.meta.url);
	const cases: Case[] = JSON.parse(readFileSync(new URL("cases.json", folder), "utf8"));
	test.each(cases)("$name", ({ name, configuration, batch, depth, columns }) => {
		const text = summary(configure(configuration), { batch, depth, columns });
		expect(`${text}\n`).toBe(readFileSync(new URL(`${name}.txt`, folder), "utf8"));
	});
});
