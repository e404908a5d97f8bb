// Loading tokenizers and dividing a megabyte of text. The vocabularies are published ones: they are
// looked for in the folder that QUERN_FIXTURES names, and what is missing is left out.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "models/tokenizer/streaming_detokenizer.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::bench {
namespace {

using models::Tokenizer;

std::filesystem::path folder_of(const std::string& name) {
  const char* fixtures = std::getenv("QUERN_FIXTURES");
  return std::filesystem::path(fixtures ? fixtures : "shared/fixtures") / "tokenizers" / name;
}

/// A megabyte that resembles prose and code: words by Zipf's law, most of them met before, with
/// numbers, names, punctuation and other scripts between.
std::string prose() {
  std::mt19937 random(1);
  static constexpr const char* syllables[] = {"ta",   "ri",  "on", "the", "er", "an",
                                              "st",   "ing", "al", "co",  "de", "pre",
                                              "ment", "a",   "e",  "qu",  "sh"};
  std::vector<std::string> words;
  for (int i = 0; i < 30000; ++i) {
    std::string word;
    for (size_t n = 1 + random() % 4; n > 0; --n) word += syllables[random() % 17];
    words.push_back(word);
  }
  std::string text;
  while (text.size() < 1'000'000) {
    double u = double(random() % 1'000'000 + 1) / 1e6;
    std::string word = words[size_t(double(words.size() - 1) * u * u * u)];
    switch (random() % 25) {
      case 0:
        text += std::to_string(random() % 100'000);
        break;
      case 1:
        text += "\n\n    if (" + word + "_x->y != 0) { return; }\n";
        continue;
      case 2:
        text += "Größe, 你好世界 и привет";
        break;
      case 3:
        word[0] = char(word[0] - 'a' + 'A');
        text += word + "'s";
        break;
      default:
        text += word;
    }
    text += random() % 9 == 0 ? ", " : random() % 12 == 0 ? ".\n" : " ";
  }
  return text;
}

void encode(benchmark::State& state, const std::string& name) {
  const std::string text = prose();
  for (auto _ : state) {
    state.PauseTiming();
    const Tokenizer tokenizer = Tokenizer::load(folder_of(name));  // with nothing in its caches
    state.ResumeTiming();
    benchmark::DoNotOptimize(tokenizer.encode(text));
  }
  state.SetBytesProcessed(int64_t(state.iterations() * text.size()));
}

void encode_again(benchmark::State& state, const std::string& name) {
  const std::string text = prose();
  const Tokenizer tokenizer = Tokenizer::load(folder_of(name));
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.encode(text));
  state.SetBytesProcessed(int64_t(state.iterations() * text.size()));
}

void load(benchmark::State& state, const std::string& name) {
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::load(folder_of(name)));
}

void stream(benchmark::State& state, const std::string& name) {
  const Tokenizer tokenizer = Tokenizer::load(folder_of(name));
  const auto ids = tokenizer.encode(prose());
  for (auto _ : state) {
    models::StreamingDetokenizer detokenizer(tokenizer);
    for (int32_t id : ids) benchmark::DoNotOptimize(detokenizer.add(id));
  }
  state.SetItemsProcessed(int64_t(state.iterations() * ids.size()));
}

[[maybe_unused]] const bool registered = [] {
  for (std::string name :
       {"gpt2", "llama3", "qwen2", "deepseek-llm", "llama2", "bert", "unigram"}) {
    if (!std::filesystem::exists(folder_of(name))) continue;
    auto add = [&](const char* what, auto run) {
      benchmark::RegisterBenchmark((std::string(what) + "/" + name).c_str(), run, name)
          ->Unit(benchmark::kMillisecond);
    };
    add("load", load);
    add("encode", encode);
    add("encode_again", encode_again);
    add("stream", stream);
  }
  return true;
}();

}  // namespace
}  // namespace quern::bench
