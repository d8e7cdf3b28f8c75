// The demo and the package in Firefox.
import { launchFirefox } from "../harness/firefox.mjs";
import { testBrowser } from "./webdriver-tests.mjs";

testBrowser(launchFirefox);
