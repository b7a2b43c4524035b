/** What is wrong with a command line, in our sentences in the place of stricli's. */
import {
	type ApplicationText,
	ArgumentScannerError,
	formatMessageForArgumentScannerError,
	text_en,
} from "@stricli/core";
import { MobileNetError } from "../network/index.ts";
import { errorLine, messageOf, quoted } from "./errors.ts";

export const text: ApplicationText = {
	...text_en,
	noCommandRegisteredForInput: ({ input, corrections }) =>
		errorLine(`there is no command ${quoted(input)}${suggested(corrections)}`),
	exceptionWhileParsingArguments: (thrown) =>
		errorLine(thrown instanceof ArgumentScannerError ? scannerMessage(thrown) : failure(thrown)),
	exceptionWhileLoadingCommandFunction: (thrown) => errorLine(failure(thrown)),
	exceptionWhileLoadingCommandContext: (thrown) => errorLine(failure(thrown)),
	exceptionWhileRunningCommand: (thrown) => errorLine(failure(thrown)),
	commandErrorResult: (thrown) => errorLine(failure(thrown)),
};

/** Names that every JavaScript object has, and that stricli would therefore find among options and commands. */
const inherited = Object.getOwnPropertyNames(Object.prototype);

/** The message about an option or command such as `--constructor`, which nobody meant to define; else undefined. */
export function inheritedName(inputs: readonly string[]): string | undefined {
	const [command = ""] = inputs;
	if (inherited.includes(camelCase(command))) return errorLine(`there is no command ${quoted(command)}`);
	const end = inputs.indexOf("--");
	for (const input of inputs.slice(0, end < 0 ? inputs.length : end)) {
		const [, name] = /^--([^=]+)/.exec(input) ?? [];
		if (name === undefined) continue;
		const positive = camelCase(name).replace(/^no([A-Z])/, (_, first: string) => first.toLowerCase());
		if (inherited.includes(camelCase(name)) || inherited.includes(positive))
			return errorLine(`there is no option --${name}`);
	}
	return undefined;
}

function camelCase(name: string): string {
	return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Our own errors are sentences; anything else thrown is a fault of this program, and says so. */
function failure(thrown: unknown): string {
	return thrown instanceof MobileNetError ? messageOf(thrown) : `unexpected error: ${messageOf(thrown)}`;
}

function scannerMessage(thrown: ArgumentScannerError): string {
	return formatMessageForArgumentScannerError(thrown, {
		FlagNotFoundError: ({ input, corrections }) =>
			`there is no option --${input}${suggested(corrections.map((name) => `--${name}`))}`,
		AliasNotFoundError: ({ input }) => `there is no option -${input}`,
		ArgumentParseError: ({ externalFlagNameOrPlaceholder, exception }) =>
			exception instanceof MobileNetError
				? messageOf(exception)
				: `--${externalFlagNameOrPlaceholder} ${messageOf(exception)}`,
		EnumValidationError: ({ externalFlagName, input, values }) =>
			`--${externalFlagName} must be ${listed(values)}, not ${quoted(input)}`,
		UnsatisfiedFlagError: ({ externalFlagName }) => `--${externalFlagName} needs a value`,
		UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
			`--${externalFlagName} is given twice: ${quoted(previousInput)} and ${quoted(input)}`,
		InvalidNegatedFlagSyntaxError: ({ externalFlagName, valueText }) =>
			`--${externalFlagName} takes no value, but ${quoted(valueText)} is given`,
		UnexpectedPositionalError: ({ expectedCount, input }) =>
			`${quoted(input)} is one argument too many: the command takes ${expectedCount === 0 ? "none" : expectedCount}`,
		UnsatisfiedPositionalError: ({ placeholder }) => `an argument is missing: <${placeholder}>`,
	});
}

function suggested(names: readonly string[]): string {
	return names.length > 0 ? `; did you mean ${listed(names)}?` : "";
}

function listed(names: readonly string[]): string {
	return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
