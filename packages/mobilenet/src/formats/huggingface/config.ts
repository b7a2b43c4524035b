/**
 * What stands beside the weights of Hugging Face's hub: `config.json` of transformers (with `preprocessor_config.json`) or
 * of timm. A file of weights without them is read, too; then all of it is assumed.
 *
 * Source: transformers 5.24, `configuration_mobilenet_v1.py`; timm 1.0, `models/_hub.py` and `data/config.py`.
 */
import { MobileNetError, messageOf, shown } from "../../base/error.ts";
import { isJson, type Json, parseJson } from "../../base/json.ts";
import { parseLabels } from "../../labels/parse.ts";
import type { Configuration } from "../../network/configuration.ts";
import type { Label, Preprocessing } from "../../weights/model.ts";
import { refuse } from "../chain/units.ts";
import type { ModelFile } from "../file.ts";
import { numberIn, numbersIn, sideOf } from "./fields.ts";
import { filterNamed, processorOf } from "./preprocessor.ts";

/** What a configuration says of the network. */
export interface Said {
	readonly configuration: Partial<Configuration>;
	/** Fields of the configuration that are not assumed then. */
	readonly known: readonly string[];
	readonly size?: number;
	readonly preprocessing: Partial<Preprocessing>;
	readonly labels?: readonly Label[];
	readonly notes: readonly string[];
}

const configName = "config.json";
const processorName = "preprocessor_config.json";
const known = ["padding", "lastBlock", "activation", "epsilon", "dropout", "output"] as const;
/** Of transformers' activations those that a MobileNet v1 may have; the slope is PyTorch's. */
const activations: Readonly<Record<string, Partial<Configuration>>> = {
	relu6: { activation: "relu6" },
	relu: { activation: "relu" },
	leaky_relu: { activation: "leakyRelu", leakySlope: 0.01 },
};

/**
 * What the configuration beside a file of weights says; undefined where there is none, or another program's.
 *
 * @throws MobileNetError `not-mobilenet` where it is of another network, `broken-file` where it is damaged
 */
export async function configBeside(
	file: ModelFile,
	kind: "transformers" | "timm",
): Promise<Said | undefined> {
	const config = await jsonBeside(file, configName);
	if (!config) return undefined;
	if (kind === "timm") return timm(config, file);
	return transformers(config, await jsonBeside(file, processorName), file);
}

function transformers(config: Json, processor: Json | undefined, file: ModelFile): Said | undefined {
	const { model_type: type, hidden_act: act = "relu6", tf_padding: padding = true } = config;
	if (typeof type !== "string") return undefined;
	if (type !== "mobilenet_v1") refuse(file, `its ${configName} says that the network is ${shown(type)}`);
	const activation =
		typeof act === "string" && Object.hasOwn(activations, act) ? activations[act] : undefined;
	if (!activation)
		return refuse(
			file,
			`its ${configName} has the hidden_act ${shown(act)} where ${Object.keys(activations).join(", ")} are read`,
			"unsupported",
		);
	const epsilon = numberIn(config, "layer_norm_eps", file) ?? 1e-3;
	const given = numberIn(config, "classifier_dropout_prob", file);
	// TensorFlow's share of features to keep, which transformers has in the place of the share to drop.
	const dropout = given === undefined || given > 0.9 ? 0.001 : given;
	const multilabel = config.problem_type === "multi_label_classification";
	const { size = sideOf(config.image_size), ...preprocessing } = processor
		? processorOf(processor, file)
		: {};
	return {
		configuration: {
			...{ ...activation, epsilon, dropout },
			padding: padding === false ? "symmetric" : "same",
			...(multilabel && { output: "sigmoid", binary: false }),
		},
		known,
		...(size !== undefined && { size }),
		preprocessing,
		...labelsIn(isJson(config.id2label) ? config.id2label : undefined),
		notes:
			given === dropout || given === undefined
				? []
				: [
						`Its ${configName} drops a share of ${given} of the features in training, which is meant as the share that is kept.`,
					],
	};
}

function timm(config: Json, file: ModelFile): Said | undefined {
	const { architecture, pretrained_cfg: pretrained = config } = config;
	if (typeof architecture !== "string") return undefined;
	if (!architecture.startsWith("mobilenetv1_"))
		refuse(file, `its ${configName} says that the network is timm's ${shown(architecture)}`);
	if (!isJson(pretrained)) return { configuration: {}, known, preprocessing: {}, notes: [] };
	const { input_size: input, interpolation, crop_mode: mode } = pretrained;
	const size = Array.isArray(input) ? sideOf(input.slice(1)) : undefined;
	const crop = numberIn(pretrained, "crop_pct", file);
	const [mean, std] = (["mean", "std"] as const).map((field) => numbersIn(pretrained, field, file));
	const filter = filterNamed(interpolation);
	return {
		configuration: {},
		known,
		...(size !== undefined && { size }),
		preprocessing: {
			channelOrder: "rgb",
			...(mean && { mean: mean.map((value) => value * 255) }),
			...(std && { std: std.map((value) => value * 255) }),
			...(filter && { filter }),
			...(mode === "squash" && { fit: "stretch" }),
			...(mode !== "squash" &&
				size !== undefined &&
				crop !== undefined &&
				crop > 0 && { fit: { shorterSide: Math.max(1, Math.floor(size / crop)) } }),
		},
		...labelsIn(timmLabels(config) ?? timmLabels(pretrained)),
		notes: [],
	};
}

/** Names, or what they stand for where they are WordNet's ids or other short names. */
function timmLabels({ label_names: names, label_descriptions: descriptions }: Json): unknown {
	if (!Array.isArray(names)) return undefined;
	return names.map((name: unknown) => {
		const words = isJson(descriptions) && typeof name === "string" ? descriptions[name] : undefined;
		if (typeof words !== "string") return name;
		return /^n\d{8}$/.test(String(name)) ? `${String(name)} ${words}` : words;
	});
}

/** Labels that are none, as transformers numbers them by itself, are left out, as are broken ones. */
function labelsIn(value: unknown): { readonly labels?: readonly Label[] } {
	if (value === undefined || Object.values(value as object).every((name) => /^LABEL_\d+$/.test(String(name))))
		return {};
	try {
		return { labels: parseLabels(JSON.stringify(value), configName) };
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
		return {};
	}
}

/** The JSON of a file beside another; undefined where there is none, or only the bytes of the other. */
async function jsonBeside(file: ModelFile, path: string): Promise<Json | undefined> {
	let bytes: Uint8Array;
	try {
		bytes = await file.beside(path);
	} catch (error) {
		if (error instanceof MobileNetError && (error.code === "not-found" || error.code === "usage"))
			return undefined;
		throw error;
	}
	try {
		const json = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
		return isJson(json) ? json : undefined;
	} catch (error) {
		return refuse(file, `its ${path} is not the JSON it should be: ${messageOf(error)}`, "broken-file");
	}
}
