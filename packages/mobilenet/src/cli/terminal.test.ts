import { describe, expect, it } from "vitest";
import { downloading, terminalOf } from "./terminal.ts";

function written(isTTY: boolean, use: (terminal: ReturnType<typeof terminalOf>) => void): string {
	let text = "";
	use(terminalOf({ write: (part) => (text += part), isTTY }));
	return text;
}

describe("what counts", () => {
	it("is one line where nobody watches, once it is done", () => {
		expect(
			written(false, ({ count }) => {
				for (const loaded of [1, 2, 1500]) count({ loaded, total: 1500, source: "pictures" });
			}),
		).toBe("pictures: 1,500 of 1,500\n");
	});

	it("is written over on a terminal, and stays when it is done", () => {
		expect(
			written(true, ({ count }) => {
				for (const loaded of [1, 2]) count({ loaded, total: 2, source: "pictures" });
			}),
		).toBe("\rpictures: 1 of 2\u001b[K\r\u001b[Kpictures: 2 of 2\n");
	});

	it("has no end where nobody knows it", () => {
		expect(
			written(true, ({ count }) => {
				count({ loaded: 4096, total: undefined, source: "model.tflite" });
			}),
		).toBe("\rmodel.tflite: 4,096\u001b[K");
	});

	it("makes room for lines that stay, and leaves nothing of itself in them", () => {
		expect(
			written(true, ({ count, line, clear }) => {
				count({ loaded: 1, total: 3, source: "pictures" });
				line("one cannot be read");
				clear();
			}),
		).toBe("\rpictures: 1 of 3\u001b[K\r\u001b[Kone cannot be read\n");
	});
});

it("has 80 columns where nothing is known of them", () => {
	expect(terminalOf({ write: () => undefined }).columns()).toBe(80);
	expect(terminalOf({ write: () => undefined, columns: 0 }).columns()).toBe(80);
	expect(terminalOf({ write: () => undefined, columns: 132 }).columns()).toBe(132);
});

describe("what is downloaded", () => {
	const shown = (isTTY: boolean): string => {
		let text = "";
		const onProgress = downloading({ write: (part) => (text += part), isTTY });
		onProgress({ loaded: 7, total: 7, source: "default" });
		for (const loaded of [1, 2000])
			onProgress({ loaded, total: 2000, source: "https://example.org/a/b.tflite" });
		return text;
	};

	it("is shown as it comes on a terminal, is one line elsewhere, and leaves out what comes with the package", () => {
		expect(shown(true)).toBe("\rb.tflite: 1 of 2,000 bytes\u001b[K\r\u001b[K");
		expect(shown(false)).toBe("downloading b.tflite (2,000 bytes)\n");
	});
});
