// node node_llama.mjs FOLDER OPTIONS...: measures a GGUF model with the node-llama-cpp that is
// installed in FOLDER. It takes the options of llama.cpp's llama-bench that the benchmark uses
// (-m -p -n -d -t -r -o json) and answers with the same fields.
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";
import path from "node:path";

const [folder, ...given] = process.argv.slice(2);
const options = {};
for (let i = 0; i + 1 < given.length; i += 2) options[given[i].slice(1)] = given[i + 1];
const number = (name, otherwise) => Number(options[name] ?? otherwise);

const require = createRequire(path.resolve(folder, "package.json"));
const {getLlama} = await import(pathToFileURL(require.resolve("node-llama-cpp")).href);

const threads = number("t", 0);
const llama = await getLlama({gpu: false, build: "never", maxThreads: threads, logLevel: "error"});
const model = await llama.loadModel({modelPath: options.m, gpuLayers: 0});
const [prompt, generated, depth] = [number("p", 512), number("n", 128), number("d", 0)];
const context = await model.createContext({
  contextSize: depth + prompt + generated + 8,
  batchSize: 2048,
  threads: {ideal: threads, min: threads},
});
const tokens = (count) => Array.from({length: count}, (_, i) => 1000 + i % 20000);

// Seconds of reading or writing behind `depth` tokens.
async function measure() {
  const sequence = context.getSequence();
  if (depth > 0) await sequence.evaluateWithoutGeneratingNewTokens(tokens(depth));
  const start = performance.now();
  if (generated > 0) {
    let left = generated;
    for await (const _ of sequence.evaluate([1], {temperature: 0, yieldEogToken: true}))
      if (--left === 0) break;
  } else {
    await sequence.evaluateWithoutGeneratingNewTokens(tokens(prompt));
  }
  const seconds = (performance.now() - start) / 1000;
  await sequence.dispose();
  return seconds;
}

await measure();
const rates = [];
for (let i = 0; i < number("r", 5); ++i) rates.push((generated || prompt) / await measure());
console.log(JSON.stringify([{
  n_prompt: prompt,
  n_gen: generated,
  n_depth: depth,
  n_threads: threads,
  samples_ts: rates,
  avg_ts: rates.reduce((a, b) => a + b) / rates.length,
}]));
await llama.dispose();
