// With them, page and worker have all of their code in common: one file, which compresses better than two.
import "./create.js";
import "./once.js";
import { plainBuild } from "./plain-build.js";
import { serve } from "./serve.js";

serve(plainBuild);
