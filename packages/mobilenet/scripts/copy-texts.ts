/**
 * Copies the texts for readers into the package's folder, because npm only packs files from there.
 *
 *   node scripts/copy-texts.ts        (part of `npm run build`)
 */
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const texts = {
	"README.md": "README.md",
	"CHANGELOG.md": "CHANGELOG.md",
	// Also covers the embedded model.
	LICENSE: "LICENSE",
	"models/default/README.md": "MODEL_CARD.md",
};

for (const [text, copy] of Object.entries(texts))
	copyFileSync(
		fileURLToPath(new URL(`../../../${text}`, import.meta.url)),
		fileURLToPath(new URL(`../${copy}`, import.meta.url)),
	);
