import js from "@eslint/js";
import globals from "globals";

export default [
  {
    files: ["mockbatch/http/dashboard/*.js"],
    ...js.configs.recommended,
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: {
      ...js.configs.recommended.rules,
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true }],
      "max-len": ["error", { code: 120 }],
    },
  },
];
