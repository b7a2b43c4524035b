/**
 * The files that `torch.save` writes: a zip archive with a pickle and a file for every storage (since PyTorch 1.6), or
 * pickles one after the other and then the storages. TorchScript's archives are of the first kind and hold code, too.
 *
 * Source: PyTorch's `torch/serialization.py`.
 */
import type { Budget } from "../../base/budget.ts";
import { readerAt, readUint64, skip } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import { shown } from "../../base/error.ts";
import { refuse } from "../chain/units.ts";
import type { Opened } from "../opened.ts";
import { unzip, type ZipEntry } from "../zip.ts";
import { type Pickle, readPickle } from "./pickle.ts";
import type { PickleValue } from "./pickle-machine.ts";
import { type Storages, storageOf } from "./storages.ts";

export interface TorchFile extends Storages {
	readonly root: PickleValue;
	/** Whether it is TorchScript's, with the network's code beside its weights. */
	readonly isScript: boolean;
}

const pickleName = "data.pkl";
/** Deflated files and copies of tensors may each take so many times the file's length. */
const mostTimes = 1.5;
/** More pickles stand before the root in a file without an archive: a magic number, a version, the machine's sizes. */
const pickles = ["its magic number", "its version", "its description of the machine", "its pickle"] as const;

export function openTorchFile(opened: Opened): TorchFile {
	const { zip, bytes, name } = opened;
	const copies = { left: mostTimes * bytes.length };
	return zip ? archived(zip, opened, copies) : { name, ...inARow(opened), isScript: false, copies };
}

function isTorchPickle(path: string): boolean {
	return path === pickleName || path.endsWith(`/${pickleName}`);
}

function archived(zip: readonly ZipEntry[], { name, bytes }: Opened, copies: Budget): TorchFile {
	const budget = { left: mostTimes * bytes.length };
	const root = zip.find(({ path }) => isTorchPickle(path))!;
	const folder = root.path.slice(0, -pickleName.length);
	const entries = new Map(
		zip
			.filter(({ path }) => path.startsWith(folder))
			.map((entry) => [entry.path.slice(folder.length), entry]),
	);
	const order = entries.get("byteorder");
	if (order && new TextDecoder().decode(unzip(order, budget)) !== "little") refuseBigEndian(name);
	const pickled = binaryFile(unzip(root, budget), name);
	const reader = readerAt(pickled, 0, pickled.bytes.length, `its pickle ${pickleName}`);
	const read = new Map<string, Uint8Array>();
	return {
		name,
		root: readPickle(reader, bytes.length).value,
		isScript: [...entries.keys()].some((path) => path.startsWith("code/")),
		copies,
		storage: (key) => {
			const entry = entries.get(`data/${key}`);
			const known = read.get(key) ?? (entry && unzip(entry, budget));
			if (known) read.set(key, known);
			return known;
		},
	};
}

/** Pickles without an archive: three about the file, the root, the storages' keys; then length and numbers of each. */
function inARow({ bytes, name }: Opened): Pick<TorchFile, "root" | "storage"> {
	const file = binaryFile(bytes, name);
	const reader = readerAt(file, 0, bytes.length, "the file");
	const next = (what: string): Pickle => {
		const part = readerAt(file, reader.offset, reader.end - reader.offset, what);
		const pickle = readPickle(part, bytes.length);
		reader.offset = part.offset;
		return pickle;
	};
	const [, , machine, root] = pickles.map(next) as [Pickle, Pickle, Pickle, Pickle];
	if (machine.value instanceof Map && machine.value.get("little_endian") === false) refuseBigEndian(name);
	const widths = new Map<string, number>();
	for (const call of root.persistent) {
		const storage = storageOf(call);
		if (storage) widths.set(storage.key, storage.width);
	}
	const keys = next("its list of storages").value;
	const storages = new Map<string, Uint8Array>();
	for (const key of Array.isArray(keys) ? keys : []) {
		const width = typeof key === "string" ? widths.get(key) : undefined;
		if (width === undefined)
			return refuse({ name }, `its list of storages has ${shown(key)}, which no tensor is in`, "broken-file");
		const length = readUint64(reader) * width;
		const start = skip(reader, length);
		storages.set(key as string, bytes.subarray(start, start + length));
	}
	return { root: root.value, storage: (key) => storages.get(key) };
}

function refuseBigEndian(name: string): never {
	return refuse(
		{ name },
		"it was written on a machine that puts the highest byte first; save it again on another",
		"unsupported",
	);
}
