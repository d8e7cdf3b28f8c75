// The demo and the package in WebKitGTK, the engine of Safari.
import { launchWebKit } from "../harness/webkit.mjs";
import { testBrowser } from "./webdriver-tests.mjs";

testBrowser(launchWebKit);
