/**
 * The reading side of HDF5, as far as Keras writes it: groups, attributes that hold texts, datasets of floats. Only
 * what is asked for is read. No library does it here: h5wasm is HDF5 itself, a megabyte of WebAssembly that takes
 * what memory a file asks for, and jsfive follows a file's offsets without an end (22 nodes of a tree, each pointing
 * twice to the next, exhaust its memory). What keeps this reader within bounds is reader.ts's.
 */
import { readUint8, readUint64, skip } from "../../base/byte-reader.ts";
import type { Tensor } from "../../weights/tensor.ts";
import { type Attribute, type Collections, readAttributes, textsIn } from "./attributes.ts";
import { readTensor } from "./data.ts";
import { readLinks } from "./groups.ts";
import { type Header, readHeader } from "./objects.ts";
import { type Hdf5File, hdf5File, nowhere, part, refuse, refuseNewer, signature } from "./reader.ts";

/** A group or a dataset. */
export interface Hdf5Object {
	/** From the root of the file, `/` itself. */
	readonly path: string;
	readonly opened: Opened;
	readonly header: Header;
	/** Of a group, once they were asked for: addresses by name. */
	links?: ReadonlyMap<string, number> | undefined;
	/** Once they were asked for, by name. */
	attributes?: ReadonlyMap<string, Attribute>;
}

interface Opened {
	readonly file: Hdf5File;
	/** By address: each is read once. */
	readonly objects: Map<number, Hdf5Object>;
	readonly collections: Collections;
}

/**
 * The root group of an HDF5 file.
 *
 * @param name how errors call the file
 * @throws MobileNetError `broken-file` where it is cut short or damaged, `unsupported` for HDF5's newer format
 * @example
 * const root = openHdf5(bytes, "model.h5");
 * const [config] = texts(root, "model_config") ?? [];
 */
export function openHdf5(bytes: Uint8Array, name: string): Hdf5Object {
	const file = hdf5File(bytes, name);
	const block = part(file, 0, 96, "the superblock");
	// Section II.A.
	signature(block, "\x89HDF\r\n\x1a\n");
	const version = readUint8(block);
	if (version === 2 || version === 3) refuseNewer(file, `a superblock of version ${version}`);
	if (version !== 0)
		refuse(file, `it has a superblock of version ${version} where 0 was expected`, "unsupported");
	skip(block, 4);
	const [offsetSize, lengthSize] = [readUint8(block), readUint8(block)];
	if (offsetSize !== 8 || lengthSize !== 8)
		refuse(
			file,
			`its offsets have ${offsetSize} bytes and its lengths ${lengthSize} where 8 were expected`,
			"unsupported",
		);
	skip(block, 9);
	const base = readUint64(block);
	skip(block, 8);
	const size = readUint64(block);
	if (base !== 0) refuse(file, `its addresses count from ${base} where 0 was expected`, "unsupported");
	if (size > bytes.byteLength)
		refuse(file, `it should have ${size} bytes, but has ${bytes.byteLength}; it is cut short`);
	skip(block, 16);
	return objectAt({ file, objects: new Map(), collections: new Map() }, readUint64(block), "/");
}

/** The object below a group at a path such as `conv1/kernel:0`, or undefined where there is none. */
export function find(group: Hdf5Object, path: string): Hdf5Object | undefined {
	let at: Hdf5Object | undefined = group;
	for (const name of path.split("/")) {
		const address: number | undefined = linksOf(at).get(name);
		if (address === undefined) return undefined;
		at = objectAt(at.opened, address, at.path === "/" ? `/${name}` : `${at.path}/${name}`);
	}
	return at;
}

/** Names of the objects in a group; none where it is a dataset. */
export function namesIn(group: Hdf5Object): readonly string[] {
	return [...linksOf(group).keys()];
}

/** The texts that an attribute holds, or undefined where there is no attribute of the name. */
export function texts(object: Hdf5Object, name: string): readonly string[] | undefined {
	object.attributes ??= readAttributes(object.opened.file, object.header);
	const attribute = object.attributes.get(name);
	return attribute && textsIn(attribute, `${name} of ${object.path}`, object.opened.collections);
}

/**
 * The floats of a dataset.
 *
 * @throws MobileNetError `broken-file`, or `unsupported` for other types, layouts and filters
 */
export function tensor(object: Hdf5Object): Tensor {
	const { file } = object.opened;
	return (
		readTensor(file, object.header, object.path) ??
		refuse(file, `${object.path} is a group where a dataset was expected`)
	);
}

function linksOf(group: Hdf5Object): ReadonlyMap<string, number> {
	group.links ??= readLinks(group.opened.file, group.header, group.path) ?? new Map();
	return group.links;
}

function objectAt(opened: Opened, address: number, path: string): Hdf5Object {
	let object = opened.objects.get(address);
	if (!object) {
		if (address === nowhere) refuse(opened.file, `${path} is nowhere in the file; it is damaged`);
		object = { path, opened, header: readHeader(opened.file, address) };
		opened.objects.set(address, object);
	}
	return object;
}
