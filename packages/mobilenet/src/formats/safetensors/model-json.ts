/**
 * The model without its tensors, from JSON: checked value by value and copied, so that nothing but a model's own fields
 * gets in.
 */
import { MobileNetError, messageOf, shown } from "../../base/error.ts";
import { type Configuration, configure, presets } from "../../network/configuration.ts";
import type { Label, Model, Preprocessing, Rounding, Source } from "../../weights/model.ts";
import { preprocessingFault } from "../../weights/preprocessing.ts";

export type Rest = Omit<Model, "tensors">;

/** Fields of a configuration that version 1 of the format does not have. Where they are absent, `configure` knows them. */
export const since2 = ["stemPadding", "pooling", "headLayers", "binary"] as const;
/**
 * The model's rest from a JSON object.
 *
 * @throws MobileNetError `broken-file` in one sentence that names the file and the field
 */
export function modelFromJson(json: Readonly<Record<string, unknown>>, name: string): Rest {
	const configuration = checkConfiguration(json.configuration, name);
	const { preprocessing, labels, sureFrom } = json;
	const rounding = checkRounding(json, name);
	const fault = preprocessingFault(preprocessing, configuration.inputChannels);
	if (fault) throw broken(name, fault);
	const { mean, std, channelOrder, filter, fit } = preprocessing as Preprocessing;
	return {
		configuration,
		preprocessing: { mean, std, channelOrder, filter, fit },
		...(rounding !== undefined && { rounding }),
		...(labels !== undefined && { labels: checkLabels(labels, configuration, name) }),
		...(sureFrom !== undefined && { sureFrom: checkSureFrom(sureFrom, name) }),
		source: checkSource(json.source, name),
	};
}

/** Files of version 0.1.0 say the same in other words. */
const formerRoundings: Readonly<Record<string, Rounding>> = { float32: "xnnpack", fixedPoint: "reference" };

const roundings: readonly Rounding[] = ["xnnpack", "reference", "onnxruntime"];

function checkRounding(
	{ rounding: given, requantisation: former }: Readonly<Record<string, unknown>>,
	name: string,
): Rounding | undefined {
	const rounding =
		given ??
		(typeof former === "string" && Object.hasOwn(formerRoundings, former) ? formerRoundings[former] : former);
	const known = roundings.find((one) => one === rounding);
	if (known || rounding === undefined) return known;
	throw broken(name, `rounding must be ${roundings.join(", ")}, not ${shown(rounding)}`);
}

/** All fields of version 1 must be there: a convention that is guessed is a wrong answer. */
function checkConfiguration(value: unknown, name: string): Configuration {
	const given = object(value, "configuration", name);
	for (const [field, usual] of Object.entries(presets.tf))
		if (!since2.some((later) => later === field) && typeof given[field] !== typeof usual)
			throw broken(name, `configuration.${field} must be a ${typeof usual}, not ${shown(given[field])}`);
	try {
		return configure(given);
	} catch (error) {
		throw new MobileNetError("broken-file", `${name}: its configuration is wrong: ${messageOf(error)}`, {
			cause: error,
		});
	}
}

function checkLabels(value: unknown, { head, classes }: Configuration, name: string): readonly Label[] {
	if (!Array.isArray(value)) throw broken(name, `labels must be a list, not ${shown(value)}`);
	if (head && value.length !== classes)
		throw broken(name, `labels must be as many as the ${classes} classes, not ${value.length}`);
	return value.map((entry: unknown, i): Label => {
		const { name: label, id, synonyms } = object(entry, `labels[${i}]`, name);
		const nameOf = text(label, `labels[${i}].name`, name);
		return {
			name: nameOf,
			...(id !== undefined && { id: text(id, `labels[${i}].id`, name) }),
			...(synonyms !== undefined && { synonyms: texts(synonyms, `labels[${i}].synonyms`, name) }),
		};
	});
}

function checkSureFrom(value: unknown, name: string): number {
	if (typeof value === "number" && value > 0 && value <= 1) return value;
	throw broken(name, `sureFrom must be a number above 0 and up to 1, not ${shown(value)}`);
}

function checkSource(value: unknown, name: string): Source {
	const { format, assumed, notes, license, origin } = object(value, "source", name);
	return {
		format: text(format, "source.format", name),
		assumed: texts(assumed, "source.assumed", name),
		notes: texts(notes, "source.notes", name),
		...(license !== undefined && { license: text(license, "source.license", name) }),
		...(origin !== undefined && { origin: text(origin, "source.origin", name) }),
	};
}

function object(value: unknown, field: string, name: string): Record<string, unknown> {
	if (typeof value === "object" && value !== null && !Array.isArray(value))
		return value as Record<string, unknown>;
	throw broken(name, `${field} must be an object, not ${shown(value)}`);
}

function text(value: unknown, field: string, name: string): string {
	if (typeof value === "string") return value;
	throw broken(name, `${field} must be a text, not ${shown(value)}`);
}

function texts(value: unknown, field: string, name: string): string[] {
	if (Array.isArray(value)) return value.map((entry, i) => text(entry, `${field}[${i}]`, name));
	throw broken(name, `${field} must be a list, not ${shown(value)}`);
}

function broken(name: string, what: string): MobileNetError {
	return new MobileNetError("broken-file", `${name}: in its metadata mobilenet, ${what}.`);
}
