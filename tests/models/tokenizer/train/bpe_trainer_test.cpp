#include "models/tokenizer/train/bpe_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "models/error.h"
#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/gguf_vocabulary.h"
#include "models/tokenizer/split_schemes.h"
#include "models/tokenizer/train/tokenizer_writer.h"
#include "models/tokenizer/utf8.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::Ids;

using Texts = std::vector<std::string>;

TrainedBpe train(const Texts& texts, const BpeTrainingOptions& options) {
  BpeTrainer trainer(options);
  for (const std::string& text : texts) trainer.add_text(text);
  return trainer.train().value();
}

Tokenizer tokenizer_of(const TrainedBpe& trained, const BpeTrainingOptions& options) {
  return Tokenizer::from_json(tokenizer_json(trained, options),
                              tokenizer_config_json(trained, options));
}

Texts lines_of(const TrainedBpe& trained) {
  Texts lines;
  for (const TokenPair& pair : trained.merges) {
    lines.push_back(trained.tokens[size_t(pair.left)] + " " + trained.tokens[size_t(pair.right)]);
  }
  return lines;
}

/// The words of the texts in the byte alphabet, and how often each occurs.
std::map<std::string, int64_t> words_of(const Texts& texts, std::string_view scheme) {
  const auto pre_tokenizer = make_pre_tokenizer(pre_tokenizer_of(*find_split_scheme(scheme)));
  std::map<std::string, int64_t> counts;
  for (const std::string& text : texts) {
    PreTokenized words;
    words.pieces.push_back({text, true});
    pre_tokenizer->apply(words);
    for (const PreTokenized::Piece& word : words.pieces) ++counts[std::string(word.text)];
  }
  return counts;
}

Texts characters_of(const std::string& text) {
  Texts characters;
  for (size_t begin = 0; begin < text.size();) {
    characters.push_back(text.substr(begin, utf8_length(text[begin])));
    begin += characters.back().size();
  }
  return characters;
}

/// Byte-pair encoding as its definition says it: counts all pairs of all words anew for each join.
Texts joins_by_recounting(const std::map<std::string, int64_t>& words, size_t most,
                          int64_t min_frequency) {
  std::string all_bytes, alphabet;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  append_byte_characters(all_bytes, alphabet);
  Texts tokens = characters_of(alphabet);
  std::sort(tokens.begin(), tokens.end());  // UTF-8 sorts by code point
  std::vector<std::pair<std::vector<size_t>, int64_t>> spelt;
  for (const auto& [word, count] : words) {
    spelt.push_back({{}, count});
    for (const std::string& character : characters_of(word)) {
      const auto found = std::find(tokens.begin(), tokens.end(), character);
      spelt.back().first.push_back(size_t(found - tokens.begin()));
    }
  }
  Texts lines;
  while (lines.size() < most) {
    std::map<std::pair<size_t, size_t>, int64_t> counts;  // in the order of the ids
    for (const auto& [word, count] : spelt) {
      for (size_t i = 1; i < word.size(); ++i) counts[{word[i - 1], word[i]}] += count;
    }
    const auto best =
        std::max_element(counts.begin(), counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best == counts.end() || best->second < min_frequency) break;
    const auto [left, right] = best->first;
    lines.push_back(tokens[left] + " " + tokens[right]);
    tokens.push_back(tokens[left] + tokens[right]);
    for (auto& [word, count] : spelt) {
      std::vector<size_t> joined;
      for (size_t i = 0; i < word.size(); ++i) {
        const bool joins = i + 1 < word.size() && word[i] == left && word[i + 1] == right;
        joined.push_back(joins ? tokens.size() - 1 : word[i]);
        if (joins) ++i;
      }
      word = joined;
    }
  }
  return lines;
}

/// Text of the given characters that repeats itself at several lengths.
std::string random_text(std::mt19937& random, const Texts& characters, size_t length) {
  Texts text;
  while (text.size() < length) {
    const size_t begin = text.empty() ? 0 : random() % text.size();
    const size_t count = random() % 3 == 0 ? std::min(text.size() - begin, random() % 9) : 0;
    for (size_t i = 0; i < count; ++i) text.push_back(text[begin + i]);
    text.push_back(characters[random() % characters.size()]);
  }
  std::string joined;
  for (const std::string& character : text) joined += character;
  return joined;
}

constexpr const char* passage =
    "Grinding by hand is slow. The upper stone of a quern turns, the lower stone stays;\n"
    "the grain falls in at the eye.\n\n  1 bushel = 4 pecks = 2150.42 cubic inches.\n"
    "Na\u00EFve caf\u00E9s don't grind \u5C0F\u9EA6\u7C89 (\u5C0F\u9EA6!) \U0001F33E\U0001F33E; "
    "they'll buy the flour, the finer the better...\tThe stones' grooves are the quern's teeth.\n";

/// Sennrich et al. 2016, figure 1, without its marks of word ends; done by hand. The pairs es and
/// st both occur 9 times, lo and ow 7 times, ew, ne and west 6 times, and so on.
TEST(BpeTrainer, TheWordsOfThePaper) {
  Texts texts;
  const auto repeat = [&](const char* word, size_t n) { texts.insert(texts.end(), n, word); };
  repeat("low", 5);
  repeat("lower", 2);
  repeat("newest", 6);
  repeat("widest", 3);
  const TrainedBpe trained = train(texts, {});
  EXPECT_THAT(lines_of(trained), ElementsAre("e s", "es t", "l o", "lo w", "e w", "n ew", "new est",
                                             "d est", "i dest", "w idest", "e r", "low er"));
  EXPECT_EQ(trained.tokens.size(), 256u + 12u);
  EXPECT_EQ(trained.training_bytes, 15 + 10 + 36 + 18);
  EXPECT_EQ(trained.training_tokens, 5 + 2 + 6 + 3);
}

/// The example that the `tokenizers` library tests its own trainer with.
TEST(BpeTrainer, TheWordsOfTheLibrarysTest) {
  const Texts words = {"roses", "are", "are", "red", "voilets", "blue", "BERT",
                       "is",    "is",  "big", "and", "so",      "GPT-2"};
  EXPECT_THAT(lines_of(train(words, {})), ElementsAre("r e", "a re", "i s"));
}

/// What version 0.23.2 of the library learns from the passage, which it reads by lines.
TEST(BpeTrainer, LearnsWhatTheLibraryLearns) {
  const Texts from_library = {"h e",
                              "\u0120 t",
                              "i n",
                              "\u0120t he",
                              "e r",
                              "\u0120 s",
                              "o n",
                              "\u0120 b",
                              "\u0120s t",
                              ". \u010A",
                              "g r",
                              "l o",
                              "\u0120 a",
                              "\u0120 f",
                              "\u0120 gr",
                              "on e",
                              "\u0120st one",
                              ". .",
                              "T he",
                              "e t",
                              "l l",
                              "q u",
                              "u r",
                              "v e",
                              "\u00B0 \u0131",
                              "\u00BA \u00A6",
                              "\u00E5 \u00B0\u0131",
                              "\u00E9 \u00BA\u00A6",
                              "\u00F0 \u0141",
                              "\u0120 =",
                              "\u0120 c",
                              "\u0120 in",
                              "\u0120 qu",
                              "\u012E \u00BE",
                              "in d",
                              "er n",
                              "\u0120b u",
                              "lo w",
                              "\u00E5\u00B0\u0131 \u00E9\u00BA\u00A6",
                              "\u00F0\u0141 \u012E\u00BE",
                              "\u0120qu ern",
                              "! )",
                              "' s",
                              "' t",
                              "' ll",
                              "; \u010A",
                              "G r",
                              "N a"};
  Texts lines;
  std::istringstream text(passage);
  for (std::string line; std::getline(text, line);) lines.push_back(line + "\n");
  EXPECT_EQ(lines_of(train(lines, {.vocab_size = 256 + 48, .min_frequency = 1})), from_library);
}

TEST(BpeTrainer, JoinsWhatCountingAnewJoins) {
  std::mt19937 random(11);
  const std::vector<Texts> alphabets = {{"a"},
                                        {"a", "b"},
                                        {"a", "b", " ", "\n", "1", "."},
                                        {"x", "\u00E9", "\u4E2D", "\U0001F33E", "\u0301", " "}};
  for (const Texts& alphabet : alphabets) {
    for (int64_t min_frequency = 1; min_frequency <= 4; ++min_frequency) {
      Texts texts = {passage};
      for (int i = 0; i < 12; ++i) texts.push_back(random_text(random, alphabet, 40));
      const BpeTrainingOptions options{.vocab_size = 256 + 150, .min_frequency = min_frequency};
      EXPECT_EQ(lines_of(train(texts, options)),
                joins_by_recounting(words_of(texts, "qwen2"), 150, min_frequency));
    }
  }
}

TEST(BpeTrainer, OtherSchemesDivideOtherwise) {
  const Texts texts = {"in 2024 and 2024 and 2024", passage};
  for (const char* scheme : {"qwen2", "gpt-2", "chatglm-bpe", "smollm"}) {
    BpeTrainingOptions options;
    options.split_scheme = scheme;
    EXPECT_EQ(lines_of(train(texts, options)),
              joins_by_recounting(words_of(texts, scheme), 9999, 2));
  }
  const auto has_year = [&](const char* scheme) {
    BpeTrainingOptions options;
    options.split_scheme = scheme;
    const TrainedBpe trained = train(texts, options);
    return std::count(trained.tokens.begin(), trained.tokens.end(), "\u01202024") > 0;
  };
  EXPECT_TRUE(has_year("gpt-2"));
  EXPECT_FALSE(has_year("qwen2"));
}

TEST(BpeTrainer, TheOrderOfTheTextsMakesNoDifference) {
  Texts texts = {passage, "the stones", "stones the", "\u5C0F\u9EA6", "aaaa aaa aa a"};
  const TrainedBpe first = train(texts, {});
  std::mt19937 random(3);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(texts.begin(), texts.end(), random);
    EXPECT_EQ(train(texts, {}).merges, first.merges);
  }
}

TEST(BpeTrainer, IdsAreSpecialTokensThenBytesThenJoinedTokens) {
  BpeTrainingOptions options{.vocab_size = 300, .special_tokens = {"<|start|>", "<|end|>"}};
  options.user_defined_tokens = {"<think>"};
  options.eos_token = "<|end|>";
  options.pad_token = "<|pad|>";  // listed nowhere
  BpeTrainer trainer(options);
  trainer.add_text(passage);
  const TrainedBpe trained = trainer.train().value();
  ASSERT_EQ(trained.tokens.size(), 300u);
  EXPECT_EQ(Texts(trained.tokens.begin(), trained.tokens.begin() + 5),
            (Texts{"<|start|>", "<|end|>", "<|pad|>", "<think>", "!"}));
  // The largest code point of the alphabet stands for U+00AD, the soft hyphen.
  EXPECT_EQ(trained.tokens[4 + 255], "\u0143");
  EXPECT_EQ(std::set<std::string>(trained.tokens.begin(), trained.tokens.end()).size(), 300u);

  const Tokenizer tokenizer = tokenizer_of(trained, trainer.options());
  EXPECT_EQ(tokenizer.vocab_size(), 300);
  EXPECT_EQ(tokenizer.eos_token_id(), 1);
  EXPECT_EQ(tokenizer.bos_token_id(), std::nullopt);
  EXPECT_EQ(tokenizer.pad_token(), "<|pad|>");
  const std::vector<int32_t> ids = tokenizer.encode("<|start|><think>!<|end|>");
  EXPECT_EQ(ids, (Ids{0, 3, 4, 1}));
  EXPECT_EQ(tokenizer.decode(ids), "<think>!");
}

TEST(BpeTrainer, AddedTokensInATextAreNotLearnedFrom) {
  const BpeTrainingOptions options{.special_tokens = {"<|end|>"}};
  const TrainedBpe plain = train({"one", " two", "one", " two"}, options);
  const TrainedBpe marked = train({"one<|end|> two<|end|>", "<|end|>one<|end|> two"}, options);
  EXPECT_EQ(marked.merges, plain.merges);
  EXPECT_EQ(marked.training_bytes, 14);
  // An added token may be spelt like a joined one.
  const TrainedBpe same = train({"cat hat", "bat"}, {.special_tokens = {"at"}});
  EXPECT_EQ(same.tokens.size(), 257u);
}

TEST(BpeTrainer, EncodingMakesTheTokensThatTrainingCounted) {
  const BpeTrainingOptions options{.vocab_size = 400, .min_frequency = 1};
  const TrainedBpe trained = train({passage}, options);
  const Tokenizer tokenizer = tokenizer_of(trained, options);
  EXPECT_EQ(int64_t(tokenizer.encode(passage).size()), trained.training_tokens);
  EXPECT_EQ(trained.training_bytes, int64_t(std::string_view(passage).size()));
}

TEST(BpeTrainer, AnyTextComesBack) {
  const BpeTrainingOptions options{.vocab_size = 400};
  const Tokenizer tokenizer = tokenizer_of(train({passage}, options), options);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(passage)), passage);
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    std::string bytes;
    for (int i = 0; i < 40; ++i) bytes += static_cast<char>(random() % 256);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(bytes)), replace_invalid_utf8(bytes));
  }
  // Every byte has a token, though no text of valid UTF-8 has them all.
  const std::vector<std::string> tokens = tokenizer.token_bytes(false);
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(std::count(tokens.begin(), tokens.end(), std::string(1, static_cast<char>(byte))), 1);
  }
}

TEST(BpeTrainer, ReachesGguf) {
  const BpeTrainingOptions options{.vocab_size = 400, .special_tokens = {"<|end|>"}};
  BpeTrainingOptions named = options;
  named.eos_token = "<|end|>";
  const Tokenizer tokenizer = tokenizer_of(train({passage}, named), named);
  const GgufVocabulary vocabulary = gguf_vocabulary_of(tokenizer, tokenizer.vocab_size());
  EXPECT_EQ(vocabulary.model, "gpt2");
  EXPECT_EQ(find_split_scheme(vocabulary.pre)->patterns.front(),
            find_split_scheme("qwen2")->patterns.front());
  EXPECT_EQ(vocabulary.eos_token_id, 0);
  EXPECT_EQ(tokenizer_of_gguf(vocabulary, "file").encode(passage), tokenizer.encode(passage));
}

TEST(BpeTrainer, StopsWhenAsked) {
  BpeTrainer trainer(BpeTrainingOptions{.min_frequency = 1});
  trainer.add_text(passage);
  std::stop_source stop;
  int reports = 0;
  const auto report = [&](int tokens, int vocab_size) {
    EXPECT_GT(tokens, 256);
    EXPECT_EQ(vocab_size, 4096);
    ++reports;
    stop.request_stop();
  };
  EXPECT_EQ(trainer.train(report, stop.get_token()), std::nullopt);
  EXPECT_EQ(reports, 1);
}

TEST(BpeTrainer, RefusesWhatCannotBe) {
  const auto error_of = [](BpeTrainingOptions options) -> std::string {
    try {
      BpeTrainer trainer(std::move(options));
      trainer.add_text("<|end|>");
      (void)trainer.train();
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of({}), testing::IsEmpty());
  EXPECT_THAT(error_of({.special_tokens = {"<|end|>"}}), HasSubstr("no text"));
  EXPECT_THAT(error_of({.vocab_size = 256, .special_tokens = {"<a>"}}),
              HasSubstr("256 tokens has no room for 256 bytes and 1"));
  EXPECT_THAT(error_of({.vocab_size = -1}), HasSubstr("-1 tokens"));
  EXPECT_THAT(error_of({.vocab_size = 1 << 30}), HasSubstr("too large"));
  EXPECT_THAT(error_of({.min_frequency = 0}), HasSubstr("0"));
  EXPECT_THAT(error_of({.special_tokens = {"a", "a"}}), HasSubstr("\"a\" is listed twice"));
  EXPECT_THAT(error_of({.special_tokens = {""}}), HasSubstr("is empty"));
  EXPECT_THAT(error_of({.special_tokens = {"\xFF"}}), HasSubstr("not valid UTF-8"));
  BpeTrainingOptions options;
  options.split_scheme = "none such";
  EXPECT_THAT(error_of(options), HasSubstr("none such"));
  options.split_scheme = "llama-bpe";
  EXPECT_THAT(error_of(options), HasSubstr("llama-bpe"));
}

}  // namespace
}  // namespace quern::models
