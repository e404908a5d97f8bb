// Loading tokenizers and dividing a megabyte of text. One vocabulary is made up; published ones are
// looked for in the folder that QUERN_FIXTURES names.

#include <filesystem>
#include <memory>
#include <random>

#include "bench/models/synthetic_tokenizer.h"
#include "bench/suite/sections.h"
#include "models/tokenizer/streaming_detokenizer.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::bench {

namespace {

using models::Tokenizer;

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

/// With nothing in its caches.
Work encode(const std::filesystem::path& folder) {
  const auto text = std::make_shared<std::string>(prose());
  return {.unit = milliseconds, .bound = Target{0.2}, .run = [=] {
            const Tokenizer tokenizer = Tokenizer::load(folder);
            return timed([&] { tokenizer.encode(*text); })();
          }};
}

Work encode_again(const std::filesystem::path& folder) {
  const auto text = std::make_shared<std::string>(prose());
  const auto tokenizer = std::make_shared<Tokenizer>(Tokenizer::load(folder));
  return {
      .unit = milliseconds, .bound = Target{0.1}, .run = timed([=] { tokenizer->encode(*text); })};
}

Work load(const std::filesystem::path& folder) {
  return {
      .unit = milliseconds, .bound = Target{0.15}, .run = timed([=] { Tokenizer::load(folder); })};
}

/// A microsecond for each token of an answer.
Work stream(const std::filesystem::path& folder) {
  const auto tokenizer = std::make_shared<Tokenizer>(Tokenizer::load(folder));
  const auto ids = tokenizer->encode(prose());
  return {.unit = microseconds,
          .amount = double(ids.size()),
          .bound = Target{1e-6 * double(ids.size())},
          .run = timed([=] {
            models::StreamingDetokenizer detokenizer(*tokenizer);
            for (const int32_t id : ids) detokenizer.add(id);
          })};
}

}  // namespace

void tokenizers(Suite& suite) {
  struct Named {
    std::string name;
    std::filesystem::path folder;
  };
  std::vector<Named> all{{"128k_pieces", synthetic_tokenizer()}};
  if (const char* fixtures = std::getenv("QUERN_FIXTURES")) {
    for (const char* name :
         {"gpt2", "llama3", "qwen2", "gemma", "deepseek-llm", "llama2", "bert", "unigram"}) {
      const auto folder = std::filesystem::path(fixtures) / "tokenizers" / name;
      if (Tokenizer::is_in(folder)) all.push_back({name, folder});
    }
  }
  for (const auto& [name, folder] : all) {
    const auto& from = folder;
    suite.measure("tokenizer/load/" + name, [&] { return load(from); });
    suite.measure("tokenizer/encode_1MB/" + name, [&] { return encode(from); });
    suite.measure("tokenizer/encode_1MB_again/" + name, [&] { return encode_again(from); });
    suite.measure("tokenizer/stream_token/" + name, [&] { return stream(from); });
  }
}

}  // namespace quern::bench
