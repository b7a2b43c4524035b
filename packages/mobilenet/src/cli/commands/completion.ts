/**
 * Completion for shells: `mobilenet completion bash` prints a function that asks `mobilenet __complete` what may come
 * next. Where that is a file, nothing is proposed, and the shell completes names of files as it does.
 */
import { type Application, buildCommand, proposeCompletions } from "@stricli/core";
import type { Context } from "../context.ts";
import { quoted, usageError } from "../errors.ts";

/** The hidden command: the words after it are those of the line after `mobilenet`, the last one unfinished. */
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
							`there is completion for ${Object.keys(scripts).join(" and ")}, not for ${quoted(input)}.`,
						);
					},
					proposeCompletions: () => Object.keys(scripts),
				},
			],
		},
	},
	docs: {
		brief: "Print what makes a shell complete commands and options",
		fullDescription: [
			"Prints a script that makes a shell complete commands, options and their values at the tab key.",
			"",
			"EXAMPLE",
			"  mobilenet completion bash >> ~/.bashrc",
		].join("\n"),
	},
});

/** What may stand in the place of the last word, a line each. */
export async function completions(
	application: Application<Context>,
	words: readonly string[],
	context: Context,
): Promise<string> {
	// Bash makes three words of --preset=torch.
	const inputs = words.filter((word) => word !== "=");
	const isOption = inputs.at(-1)?.startsWith("-");
	const proposed = await proposeCompletions(application, inputs, context);
	return proposed
		.filter(({ kind, completion }) => (kind !== "argument:flag" || isOption) && completion !== "--")
		.map(({ completion }) => `${completion}\n`)
		.join("");
}
