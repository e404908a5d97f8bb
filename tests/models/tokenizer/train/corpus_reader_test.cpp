#include "models/tokenizer/train/corpus_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "models/error.h"
#include "models/tokenizer/train/bpe_trainer.h"
#include "models/tokenizer/utf8.h"
#include "tests/temporary_folder.h"

namespace quern::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CorpusReaderTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    const std::filesystem::path file = folder_.path() / name;
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

  std::vector<std::string> texts_of(const std::filesystem::path& file,
                                    size_t block = CorpusReader::usual_block) {
    CorpusReader reader(file, block);
    std::vector<std::string> texts;
    for (std::string_view text; reader.next(text);) texts.emplace_back(text);
    EXPECT_EQ(reader.bytes_read(), reader.size());
    return texts;
  }

  tests::TemporaryFolder folder_;
};

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text;
  return out;
}

TEST_F(CorpusReaderTest, ATextFileIsOneTextOrBlocksOfLines) {
  const std::string text = "one\ntwo\n\n  three\nfour five six seven\nend";
  EXPECT_THAT(texts_of(write("a.txt", text)), ElementsAre(text));
  EXPECT_THAT(texts_of(write("a.md", text), 16),
              ElementsAre("one\n", "two\n\n  three\n", "four five six", " seven\nend"));
  EXPECT_THAT(texts_of(write("empty.txt", "")), IsEmpty());
}

TEST_F(CorpusReaderTest, BlocksLoseNothingAndCutNoCharacter) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "\u5C0F\U0001F33E\u00E9a";
  for (size_t block = 8; block < 40; ++block) {
    const auto texts = texts_of(write("a.txt", text), block);
    EXPECT_GT(texts.size(), 5u);
    EXPECT_EQ(joined(texts), text);
    for (const std::string& part : texts) EXPECT_TRUE(is_valid_utf8(part)) << part;
  }
  const std::string bytes(100, '\x80');
  EXPECT_EQ(joined(texts_of(write("a.bin", bytes), 8)), bytes);
}

TEST_F(CorpusReaderTest, BlocksChangeNoWord) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += "A line, " + std::to_string(i) + ".\n" + std::string(size_t(i % 4), '\n') +
            std::string(size_t(i % 3), ' ') + "then\tanother...\r\n(and \u00E9 more)\n";
  }
  const auto file = write("a.txt", text);
  const auto train = [&](size_t block) {
    BpeTrainer trainer(BpeTrainingOptions{.min_frequency = 1});
    CorpusReader reader(file, block);
    for (std::string_view part; reader.next(part);) trainer.add_text(part);
    const TrainedBpe trained = trainer.train().value();
    return std::pair(trained.tokens, trained.training_tokens);
  };
  const auto whole = train(CorpusReader::usual_block);
  for (size_t block : {64, 100, 1000}) EXPECT_EQ(train(block), whole) << block;
}

TEST_F(CorpusReaderTest, OfRecordsEveryStringCounts) {
  const auto file = write("a.jsonl",
                          "{\"text\": \"one\"}\n\n"
                          "{\"messages\": [{\"role\": \"user\", \"content\": \"t\\u00e9\\n\"}], "
                          "\"n\": 3, \"none\": null}\r\n"
                          "\"end\"");
  EXPECT_THAT(texts_of(file), testing::UnorderedElementsAre("one", "user", "t\u00E9\n", "end"));
}

TEST_F(CorpusReaderTest, RefusesWhatCannotBeRead) {
  const auto error_of = [&](const std::filesystem::path& file) -> std::string {
    try {
      (void)texts_of(file);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of("/no/such/file.txt"), HasSubstr("/no/such/file.txt"));
  EXPECT_THAT(error_of(folder_.path()), HasSubstr("it is a folder"));
  EXPECT_THAT(error_of(write("a.jsonl", "{}\n{\"text\": \n")), HasSubstr("a.jsonl:2: "));
}

}  // namespace
}  // namespace quern::models
