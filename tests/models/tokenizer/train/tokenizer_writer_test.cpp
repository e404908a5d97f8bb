#include "models/tokenizer/train/tokenizer_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "models/error.h"
#include "models/tokenizer/tokenizer.h"
#include "tests/temporary_folder.h"

namespace quern::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class TokenizerWriter : public testing::Test {
 protected:
  TokenizerWriter() {
    BpeTrainingOptions options{
        .vocab_size = 270, .min_frequency = 1, .special_tokens = {"<|end|>"}};
    options.user_defined_tokens = {"<think>"};
    options.eos_token = options.pad_token = "<|end|>";
    options.chat_template = "{{ messages[0].content }}<|end|>";
    trainer_ = std::make_unique<BpeTrainer>(options);
    trainer_->add_text("the stone and the other stone");
    trained_ = trainer_->train().value();
  }

  void write(const fs::path& folder, ExistingTokenizer existing = ExistingTokenizer::refused) {
    write_tokenizer(folder, trained_, trainer_->options(), existing);
  }
  std::string refusal(const fs::path& folder) {
    try {
      write(folder);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  }
  static std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void put(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

  std::unique_ptr<BpeTrainer> trainer_;
  TrainedBpe trained_;
  tests::TemporaryFolder temporary_;
};

TEST_F(TokenizerWriter, WritesWhatTransformersReads) {
  const fs::path folder = temporary_.path() / "new" / "tokenizer";
  write(folder);
  const json file = json::parse(text_of(folder / "tokenizer.json"));
  EXPECT_EQ(file["added_tokens"][0]["content"], "<|end|>");
  EXPECT_EQ(file["added_tokens"][0]["special"], true);
  EXPECT_EQ(file["added_tokens"][1]["special"], false);
  EXPECT_TRUE(file["normalizer"].is_null());
  EXPECT_EQ(file["model"]["type"], "BPE");
  EXPECT_EQ(file["model"]["vocab"].size(), 270u);
  EXPECT_EQ(file["model"]["vocab"]["<think>"], 1);
  EXPECT_EQ(file["model"]["vocab"]["he"], 258);
  EXPECT_EQ(file["model"]["merges"][0], "h e");
  EXPECT_EQ(file["model"]["merges"].size(), 270u - 256u - 2u);
  // The library refuses a ByteLevel that lacks one of these.
  for (const char* name : {"add_prefix_space", "trim_offsets", "use_regex"}) {
    EXPECT_EQ(file["pre_tokenizer"]["pretokenizers"][1][name], false) << name;
    EXPECT_EQ(file["decoder"][name], false) << name;
  }
  const json config = json::parse(text_of(folder / "tokenizer_config.json"));
  EXPECT_EQ(config["tokenizer_class"], "PreTrainedTokenizerFast");
  EXPECT_EQ(config["eos_token"], "<|end|>");
  EXPECT_FALSE(config.contains("bos_token"));

  const Tokenizer tokenizer = Tokenizer::load(folder);
  EXPECT_EQ(tokenizer.vocab_size(), 270);
  EXPECT_EQ(tokenizer.eos_token_id(), 0);
  EXPECT_EQ(tokenizer.chat_template(), "{{ messages[0].content }}<|end|>");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.parent_path()), {}), 1);
}

TEST_F(TokenizerWriter, OverwritesOnlyWhenTold) {
  const fs::path folder = temporary_.path();
  put(folder / "config.json", "{}");
  put(folder / "chat_template.jinja", "old");
  EXPECT_THAT(refusal(folder), HasSubstr("chat_template.jinja: exists already"));
  EXPECT_FALSE(fs::exists(folder / "tokenizer.json"));
  fs::remove(folder / "chat_template.jinja");
  write(folder);  // beside other files
  EXPECT_THAT(refusal(folder), HasSubstr("tokenizer.json: exists already"));

  put(folder / "tokenizer.json", "old");
  put(folder / "chat_template.jinja", "old");
  write(folder, ExistingTokenizer::replaced);
  EXPECT_EQ(Tokenizer::load(folder).chat_template(), "{{ messages[0].content }}<|end|>");
  EXPECT_EQ(text_of(folder / "config.json"), "{}");

  EXPECT_THAT(refusal(folder / "config.json"), HasSubstr("is not a folder"));
}

}  // namespace
}  // namespace quern::models
