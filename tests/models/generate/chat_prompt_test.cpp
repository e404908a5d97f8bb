#include "models/generate/chat_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using testing::ElementsAre;

TEST(ChatPrompt, BoundariesAreWhereMessagesEnd) {
  const auto model = LanguageModel::load(quern::tests::data_folder() / "models" / "tiny-chat");
  const std::vector<ChatMessage> messages = {
      {"system", "Be kind"}, {"user", "Hi"}, {"assistant", "Yes?"}, {"user", "Why?"}};
  const ChatPrompt prompt = encode_chat_with_boundaries(*model, messages);
  EXPECT_EQ(prompt.tokens, encode_chat(*model, messages));
  // <|role|>text<|end|> each, a token per letter, and <|assistant|> at the end.
  EXPECT_THAT(prompt.boundaries, ElementsAre(9, 9 + 4 + 6, 9 + 4 + 6 + 6));
  EXPECT_EQ(prompt.tokens.size(), 9u + 4 + 6 + 6 + 1);
}

TEST(ChatPrompt, BeginningsThatTheTemplateRefusesAreNone) {
  const quern::tests::ModelFolder folder("tiny-chat");
  folder.edit_json("tokenizer_config.json", [](nlohmann::json& json) {
    json["chat_template"] =
        "{% if messages[-1].role != 'user' %}{{ raise_exception('no question') }}{% endif %}"
        "{% for m in messages %}<{{ m.content }}>{% endfor %}"
        "{% if not add_generation_prompt %}!{% endif %}";
  });
  const auto model = LanguageModel::load(folder.path());
  const std::vector<ChatMessage> messages = {{"user", "ab"}, {"assistant", "c"}, {"user", "d"}};
  const ChatPrompt prompt = encode_chat_with_boundaries(*model, messages);
  EXPECT_EQ(prompt.tokens.size(), 4u + 3 + 3);
  EXPECT_THAT(prompt.boundaries, ElementsAre(10)) << "as far as both agree";
}

}  // namespace
}  // namespace quern::models
