/** The process of a runtime: prepares the network once, then answers questions until it is stopped. */
import { readFileSync } from "node:fs";
import type { Answers, Job, Question, Reply } from "../protocol.ts";
import type { Timed } from "./timed.ts";

export interface Prepared extends Timed {
	readonly host?: string;
	readonly build?: string | undefined;
	readonly version?: string | undefined;
	readonly close?: () => Promise<void>;
}

/** Answers the benchmark's questions with a runtime. */
export function serve(prepare: (job: Job) => Promise<Prepared>): void {
	let prepared: Prepared | undefined;

	const answer = async (question: Question): Promise<Answers[Question["kind"]]> => {
		switch (question.kind) {
			case "prepare": {
				prepared = await prepare(question.job);
				const { host = node(), build, version } = prepared;
				const outputs = await prepared.output();
				return { outputs, host, build, version };
			}
			case "run":
				return prepared!.block(question.runs);
			case "memory":
				return peakMemory();
			case "stop":
				await prepared?.close?.();
				return null;
		}
	};
	process.on("message", async (question: Question) => {
		const reply: Reply = await answer(question).then(
			(value) => ({ value }),
			(error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
		);
		process.send!(reply, () => {
			if (question.kind === "stop") process.exit();
		});
	});
	process.on("disconnect", () => process.exit());
}

/** The inputs of the network, [batch, size, size, channels] each, normalized. */
export function inputsOf({ folder, inputs }: Job): readonly Float32Array[] {
	const numbers = new Float32Array(Uint8Array.from(readFileSync(`${folder}/input.f32`)).buffer);
	const length = numbers.length / inputs;
	return Array.from({ length: inputs }, (_, n) => numbers.subarray(n * length, (n + 1) * length));
}

/** The inputs with consecutive channels, [batch, channels, size, size]. */
export function planesOf(job: Job): readonly Float32Array[] {
	return inputsOf(job).map((input) => planes(input, job));
}

function planes(input: Float32Array, { size, channels, batch }: Job): Float32Array {
	const area = size * size;
	const output = new Float32Array(input.length);
	for (let n = 0; n < batch; n++)
		for (let i = 0; i < area; i++)
			for (let c = 0; c < channels; c++)
				output[(n * channels + c) * area + i] = input[(n * area + i) * channels + c]!;
	return output;
}

const node = (): string => `Node ${process.versions.node} (V8 ${process.versions.v8.replace(/-node.*/, "")})`;

/** VmHWM, which only Linux reports. */
function peakMemory(): number {
	const status = readFileSync("/proc/self/status", "utf8");
	return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
