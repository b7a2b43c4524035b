/** The short form of `npm run formats`: the files that people hold, on real photographs, against their own runtimes. */
import { expect, it } from "vitest";
import { loadModel } from "../../src/model/source.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import { answer } from "./answers.ts";
import { wildFiles } from "./files.ts";
import { unlisted, wildQuestions } from "./questions.ts";

describeWithShared("files that people hold", ["wild", "data/photos"], () => {
	const questions = new Map(wildQuestions().map(({ path, question }) => [path, question]));

	it.each(Object.keys(wildFiles))("%s", async (name) => {
		const path = `wild/${name}`;
		const question = questions.get(path);
		if (question) expect(await answer(question)).toMatchObject({ right: true });
		else await expect(loadModel(shared(path))).rejects.toMatchObject({ name: "MobileNetError" });
	});

	it("leaves none out", () => {
		expect(unlisted().filter((path) => path.startsWith("wild/"))).toEqual([]);
	});
});
