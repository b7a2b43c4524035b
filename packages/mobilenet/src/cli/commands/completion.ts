/**
 * Shell completion: `mobilenet completion bash` prints a function that asks `mobilenet __complete` what can come next.
 * Where a file can come next, nothing is proposed, and the shell completes file names as usual.
 */
import { type Application, buildCommand, proposeCompletions } from "@stricli/core";
import type { Context } from "../context.ts";
import { quoted, usageError } from "../errors.ts";

/** The hidden command: it is followed by the words typed after `mobilenet`, the last one unfinished. */
export const completionRequest = "__complete";

const scripts = {
	bash: `_mobilenet() {
	local IFS=$'\\n'
	COMPREPLY=($("$1" ${completionRequest} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _mobilenet mobilenet
`,
} as const;
type Shell = keyof typeof scripts;

export const completionCommand = buildCommand<object, [Shell], Context>({
	func(_, shell) {
		this.process.stdout.write(scripts[shell]);
	},
	parameters: {
		positional: {
			kind: "tuple",
			parameters: [
				{
					brief: `the shell: ${Object.keys(scripts).join(", ")}`,
					placeholder: "shell",
					parse: (input: string): Shell => {
						if (Object.hasOwn(scripts, input)) return input as Shell;
						throw usageError(
							`completion is available for ${Object.keys(scripts).join(" and ")}, not for ${quoted(input)}.`,
						);
					},
					proposeCompletions: () => Object.keys(scripts),
				},
			],
		},
	},
	docs: {
		brief: "Print a script that lets your shell complete commands and options",
		fullDescription: [
			"Prints a script that lets your shell complete commands, options and their values with the Tab key.",
			"",
			"EXAMPLE",
			"  mobilenet completion bash >> ~/.bashrc",
		].join("\n"),
	},
});

/** The possible completions of the last word, one per line. */
export async function completions(
	application: Application<Context>,
	words: readonly string[],
	context: Context,
): Promise<string> {
	// Bash splits --preset=torch into three words.
	const inputs = words.filter((word) => word !== "=");
	const isOption = inputs.at(-1)?.startsWith("-");
	const proposed = await proposeCompletions(application, inputs, context);
	return proposed
		.filter(({ kind, completion }) => (kind !== "argument:flag" || isOption) && completion !== "--")
		.map(({ completion }) => `${completion}\n`)
		.join("");
}
