import { plainBuild } from "./plain-build.js";
import { serve } from "./serve.js";

serve(plainBuild);
