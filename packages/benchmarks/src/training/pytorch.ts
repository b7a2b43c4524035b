/** PyTorch, in a Python process (pytorch.py) that answers the same questions. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { source } from "../folders.ts";
import type { Answers, Question, Ready, Reply } from "../protocol.ts";
import { serve } from "../runtimes/serve.ts";
import { pythonVariable } from "./python.ts";

serve(async (job) => {
	const python = process.env[pythonVariable]!;
	// What it writes besides its answers is ignored.
	const child = spawn(python, [join(source, "training/pytorch.py")], { stdio: ["pipe", "pipe", "ignore"] });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const missing = new Promise<never>((_, reject) => {
		child.on("error", reject);
		child.stdin.on("error", reject);
	});
	missing.catch(() => {});
	const ask = async <K extends Question["kind"]>(
		question: Extract<Question, { kind: K }>,
	): Promise<Answers[K]> => {
		child.stdin.write(`${JSON.stringify(question)}\n`);
		const { value: line, done } = await Promise.race([lines.next(), missing]);
		if (done) throw new Error(`the process of ${python} ended before it answered.`);
		const reply = JSON.parse(line) as Reply;
		if ("error" in reply) throw new Error(reply.error);
		return reply.value as Answers[K];
	};
	const ready: Ready = await ask({ kind: "prepare", job });
	return {
		...ready,
		output: async () => ready.outputs,
		block: (runs) => ask({ kind: "run", runs }),
		// It takes a while to end, which must not affect what is measured next.
		close: async () => {
			const exit = new Promise((resolve) => child.once("exit", resolve));
			child.stdin.end();
			await exit;
		},
	};
});
