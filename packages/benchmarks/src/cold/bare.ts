/** A process that does nothing but say so. */
import { writeSync } from "node:fs";

writeSync(1, "0");
