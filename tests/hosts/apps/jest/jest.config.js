// Nothing is to be transformed: the code is ESM, which Node reads. In jsdom, which has no fetch and no workers, the build of
// litmus-text for Node is used, and jest-fixed-jsdom adds what jsdom lacks of Node: Response, TextDecoder, streams.
const transform = {};

export default {
  projects: [
    { displayName: "node", transform, testEnvironment: "node" },
    {
      displayName: "jsdom",
      transform,
      testEnvironment: "jest-fixed-jsdom",
      testEnvironmentOptions: { customExportConditions: ["node"] },
    },
  ],
};
