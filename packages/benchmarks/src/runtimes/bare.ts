/** No runtime: only Node and the benchmark's own few lines. */
import { serve } from "./serve.ts";
import { timed } from "./timed.ts";

serve(async () => timed([0], () => []));
