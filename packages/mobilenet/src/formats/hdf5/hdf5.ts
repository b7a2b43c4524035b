/**
 * The reading side of HDF5, as far as Keras writes it: groups, attributes that hold texts, datasets of floats. Only
 * what is asked for is read. No library does it here: h5wasm is HDF5 itself, a megabyte of WebAssembly that takes
 * what memory a file asks for, and jsfive follows a file's offsets without an end (22 nodes of a tree, each pointing
 * twice to the next, exhaust its memory). What keeps this reader within bounds is hdf5-reader.ts's.
 */
import type { Tensor } from "../../weights/model.ts";
import { type Attribute, type Collections, readAttributes, textsIn } from "./attributes.ts";
import { readTensor } from "./data.ts";
import { readLinks } from "./groups.ts";
import { type Header, readHeader } from "./objects.ts";
import {
	type Hdf5Reader,
	hdf5Reader,
	nowhere,
	part,
	refuse,
	refuseNewer,
	signature,
	skip,
	uint8,
	uint64,
} from "./reader.ts";

/** A group or a dataset. */
export interface Hdf5Object {
	/** From the root of the file, `/` itself. */
	readonly path: string;
	readonly file: Hdf5File;
	readonly header: Header;
	/** Of a group, once they were asked for: addresses by name. */
	links?: ReadonlyMap<string, number> | undefined;
	/** Once they were asked for, by name. */
	attributes?: ReadonlyMap<string, Attribute>;
}

interface Hdf5File {
	readonly reader: Hdf5Reader;
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
	const reader = hdf5Reader(bytes, name);
	const block = part(reader, 0, 96, "the superblock");
	// Section II.A.
	signature(block, "\x89HDF\r\n\x1a\n");
	const version = uint8(block);
	if (version === 2 || version === 3) refuseNewer(reader, `a superblock of version ${version}`);
	if (version !== 0)
		refuse(reader, `it has a superblock of version ${version} where 0 was expected`, "unsupported");
	skip(block, 4);
	const [offsetSize, lengthSize] = [uint8(block), uint8(block)];
	if (offsetSize !== 8 || lengthSize !== 8)
		refuse(
			reader,
			`its offsets have ${offsetSize} bytes and its lengths ${lengthSize} where 8 were expected`,
			"unsupported",
		);
	skip(block, 9);
	const base = uint64(block);
	skip(block, 8);
	const size = uint64(block);
	if (base !== 0) refuse(reader, `its addresses count from ${base} where 0 was expected`, "unsupported");
	if (size > bytes.byteLength)
		refuse(reader, `it should have ${size} bytes, but has ${bytes.byteLength}; it is cut short`);
	skip(block, 16);
	return objectAt({ reader, objects: new Map(), collections: new Map() }, uint64(block), "/");
}

/** The object below a group at a path such as `conv1/kernel:0`, or undefined where there is none. */
export function find(group: Hdf5Object, path: string): Hdf5Object | undefined {
	let at: Hdf5Object | undefined = group;
	for (const name of path.split("/")) {
		const address: number | undefined = linksOf(at).get(name);
		if (address === undefined) return undefined;
		at = objectAt(at.file, address, at.path === "/" ? `/${name}` : `${at.path}/${name}`);
	}
	return at;
}

/** Names of the objects in a group; none where it is a dataset. */
export function namesIn(group: Hdf5Object): readonly string[] {
	return [...linksOf(group).keys()];
}

/** The texts that an attribute holds, or undefined where there is no attribute of the name. */
export function texts(object: Hdf5Object, name: string): readonly string[] | undefined {
	object.attributes ??= readAttributes(object.file.reader, object.header);
	const attribute = object.attributes.get(name);
	return attribute && textsIn(attribute, `${name} of ${object.path}`, object.file.collections);
}

/**
 * The floats of a dataset.
 *
 * @throws MobileNetError `broken-file`, or `unsupported` for other types, layouts and filters
 */
export function tensor(object: Hdf5Object): Tensor {
	const { reader } = object.file;
	return (
		readTensor(reader, object.header, object.path) ??
		refuse(reader, `${object.path} is a group where a dataset was expected`)
	);
}

function linksOf(group: Hdf5Object): ReadonlyMap<string, number> {
	group.links ??= readLinks(group.file.reader, group.header, group.path) ?? new Map();
	return group.links;
}

function objectAt(file: Hdf5File, address: number, path: string): Hdf5Object {
	let object = file.objects.get(address);
	if (!object) {
		if (address === nowhere) refuse(file.reader, `${path} is nowhere in the file; it is damaged`);
		object = { path, file, header: readHeader(file.reader, address) };
		file.objects.set(address, object);
	}
	return object;
}
