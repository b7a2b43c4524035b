import { expect, it } from "vitest";
import { isPictureName } from "./picture-file.ts";

it.each(["a.jpg", "a.JPEG", "a.jfif", "dir.d/a.png", "a.WebP", "a.gif", "a.avif", "a.tif", "a.tiff"])(
	"%s is a picture's name",
	(name) => expect(isPictureName(name)).toBe(true),
);

it.each(["jpg", "a.jpg.txt", "a.heic", "a.bmp", "a.jpgx", "", "a.jpg/"])("%j is not", (name) =>
	expect(isPictureName(name)).toBe(false),
);
