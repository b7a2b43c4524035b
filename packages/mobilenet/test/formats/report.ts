/**
 * `npm run formats`: reads every model file of ../shared, runs it, and prints the table of docs/formats.md; fails where one
 * is read wrongly, refused, or read though it must be refused. `npm run formats -- --write` writes the table into the page.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { MobileNetError } from "../../src/base/error.ts";
import { loadModel } from "../../src/model/source.ts";
import { missing, shared } from "../support/shared-paths.ts";
import { answer, sentenceOf, shownDifference } from "./answers.ts";
import {
	type Asked,
	goldenQuestions,
	needed,
	unlisted,
	weightQuestions,
	wildQuestions,
} from "./questions.ts";

const absent = missing(needed);
if (absent !== undefined) {
	console.error(`../shared/${absent} is not beside the project: there is nothing to read.`);
	process.exit(2);
}
const lines: string[] = [];
const print = (line: string): void => {
	lines.push(line);
	console.log(line);
};
const wrong: string[] = unlisted().map((path) => `${path} is in no list.`);

print("| file | origin | answers by | largest difference |\n|---|---|---|---|");
for (const asked of [...wildQuestions(), ...weightQuestions(), ...goldenQuestions()]) {
	const { origin, runtime = "must be refused" } = asked.file;
	print(`| ${asked.path} | ${origin} | ${runtime} | ${await result(asked)} |`);
}
if (process.argv.includes("--write")) {
	const page = new URL("../../../../docs/formats.md", import.meta.url);
	const text = readFileSync(page, "utf8");
	const table = /(<!-- npm run formats -->\n)[\s\S]*?(<!-- end -->)/;
	writeFileSync(
		page,
		text.replace(table, (_, before, after) => `${before}${lines.join("\n")}\n${after}`),
	);
}
for (const sentence of wrong) console.error(sentence);
if (wrong.length > 0) process.exitCode = 1;

async function result({ path, question }: Asked): Promise<string> {
	if (!question) {
		try {
			await loadModel(shared(path));
		} catch (error) {
			if (error instanceof MobileNetError) return `refused: ${sentenceOf(error, path)}`;
			throw error;
		}
		wrong.push(`${path} was read, but must be refused.`);
		return "read";
	}
	try {
		const answered = await answer(question);
		if (!answered.right) wrong.push(`${path} is off: ${shownDifference(answered)}.`);
		return `${answered.right ? "" : "**off:** "}${shownDifference(answered)}`;
	} catch (error) {
		wrong.push(`${path}: ${sentenceOf(error, path)}`);
		return `**not read:** ${sentenceOf(error, path)}`;
	}
}
