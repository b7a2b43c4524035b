/** Ours in Node: see engine.ts. */
import { readModel } from "mobilenet/formats";
import { prepareEngine } from "./engine.ts";
import { inputsOf, serve } from "./serve.ts";

serve(async (job) => prepareEngine(await readModel(`${job.folder}/${job.network}`), inputsOf(job), job));
