import { embeddedBuild } from "./embedded-build.js";
import { serve } from "./serve.js";

serve(embeddedBuild);
