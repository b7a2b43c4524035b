/** What is wrong with a command line, in our own sentences instead of stricli's. */
import {
	AliasNotFoundError,
	type ApplicationText,
	ArgumentParseError,
	ArgumentScannerError,
	EnumValidationError,
	FlagNotFoundError,
	InvalidNegatedFlagSyntaxError,
	text_en,
	UnexpectedFlagError,
	UnexpectedPositionalError,
	UnsatisfiedFlagError,
	UnsatisfiedPositionalError,
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

/** Names that every JavaScript object has, which stricli would therefore accept as options and commands. */
const inherited = Object.getOwnPropertyNames(Object.prototype);

/** The message for an option or command such as `--constructor`, which is not defined; otherwise undefined. */
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

/** Our own errors are sentences; anything else thrown is a bug in this program, and the message says so. */
function failure(thrown: unknown): string {
	return thrown instanceof MobileNetError ? messageOf(thrown) : `unexpected error: ${messageOf(thrown)}`;
}

/** Compared by class, not by the class's name, which the build shortens. */
function scannerMessage(thrown: ArgumentScannerError): string {
	if (thrown instanceof FlagNotFoundError) {
		const { input, corrections } = thrown;
		return `there is no option --${input}${suggested(corrections.map((name) => `--${name}`))}`;
	}
	if (thrown instanceof AliasNotFoundError) return `there is no option -${thrown.input}`;
	if (thrown instanceof ArgumentParseError) {
		const { externalFlagNameOrPlaceholder: name, exception } = thrown;
		return exception instanceof MobileNetError ? messageOf(exception) : `--${name} ${messageOf(exception)}`;
	}
	if (thrown instanceof EnumValidationError)
		return `--${thrown.externalFlagName} must be ${listed(thrown.values)}, not ${quoted(thrown.input)}`;
	if (thrown instanceof UnsatisfiedFlagError) return `--${thrown.externalFlagName} needs a value`;
	if (thrown instanceof UnexpectedFlagError) {
		const { externalFlagName: name, previousInput, input } = thrown;
		return `--${name} is given twice: ${quoted(previousInput)} and ${quoted(input)}`;
	}
	if (thrown instanceof InvalidNegatedFlagSyntaxError)
		return `--${thrown.externalFlagName} takes no value, but ${quoted(thrown.valueText)} is given`;
	if (thrown instanceof UnexpectedPositionalError) {
		const { expectedCount: count, input } = thrown;
		return `${quoted(input)} is one argument too many: this command takes ${count === 0 ? "none" : count}`;
	}
	if (thrown instanceof UnsatisfiedPositionalError) return `an argument is missing: <${thrown.placeholder}>`;
	return messageOf(thrown);
}

function suggested(names: readonly string[]): string {
	return names.length > 0 ? `; did you mean ${listed(names)}?` : "";
}

function listed(names: readonly string[]): string {
	return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
