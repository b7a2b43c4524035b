import { describe, expect, it } from "vitest";
import { terminalOf } from "./terminal.ts";

function written(isTTY: boolean, use: (terminal: ReturnType<typeof terminalOf>) => void): string {
	let text = "";
	use(terminalOf({ write: (part) => (text += part), isTTY }));
	return text;
}

describe("what counts", () => {
	it("is one line where nobody watches, once it is done", () => {
		expect(
			written(false, ({ count }) => {
				for (const done of [1, 2, 1500]) count("pictures", done, 1500);
			}),
		).toBe("pictures: 1,500 of 1,500\n");
	});

	it("is written over on a terminal, and stays when it is done", () => {
		expect(
			written(true, ({ count }) => {
				for (const done of [1, 2]) count("pictures", done, 2);
			}),
		).toBe("\rpictures: 1 of 2\u001b[K\r\u001b[Kpictures: 2 of 2\n");
	});

	it("makes room for lines that stay, and leaves nothing of itself in them", () => {
		expect(
			written(true, ({ count, line, clear }) => {
				count("pictures", 1, 3);
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
