#include "models/prompt/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fixtures.h"
#include "tests/models/prompt/jinja_cases.h"

namespace quern::models {
namespace {

using testing::HasSubstr;

constexpr const char* plain =
    "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}{% if think %}<think>{% endif %}";

TEST(ChatTemplate, RendersMessagesWithTheModelsTokens) {
  const ChatTemplate chat(plain, "<s>", "</s>");
  const ChatMessage messages[] = {{"user", "Hi"}, {"assistant", "Hello"}};
  EXPECT_EQ(chat.render(messages), "<s><user>Hi</s><assistant>Hello</s><assistant>");
  EXPECT_EQ(chat.render(messages, false), "<s><user>Hi</s><assistant>Hello</s>");
  EXPECT_EQ(chat.render({}), "<s><assistant>");
}

TEST(ChatTemplate, ExtraVariablesReachTheTemplateAndWin) {
  const ChatTemplate chat(plain, "<s>", "</s>");
  EXPECT_EQ(chat.render({}, true, {{"think", true}, {"bos_token", "B"}}), "B<assistant><think>");
}

TEST(ChatTemplate, AMessagesExtraFieldsJoinIt) {
  const ChatTemplate chat(
      "{% for m in messages %}{{ m.content }}|{{ m.tool_calls|tojson }}{% endfor %}", "", "");
  const ChatMessage message{"assistant", "text", {{"tool_calls", {1, 2}}}};
  EXPECT_EQ(chat.render({&message, 1}), "text|[1, 2]");
  const ChatMessage parts{"user", "", {{"content", {{{"type", "text"}}}}, {"tool_calls", nullptr}}};
  EXPECT_EQ(chat.render({&parts, 1}), "[{'type': 'text'}]|null");
}

TEST(ChatTemplate, UsesSaysWhichVariablesMatter) {
  const ChatTemplate chat(plain, "", "");
  EXPECT_TRUE(chat.uses("think"));
  EXPECT_FALSE(chat.uses("tools"));
}

TEST(ChatTemplate, SystemRoleIsFoundByTrial) {
  EXPECT_TRUE(ChatTemplate(plain, "", "").supports_system_role());
  EXPECT_FALSE(
      ChatTemplate("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}",
                   "", "")
          .supports_system_role());
  EXPECT_FALSE(
      ChatTemplate("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}", "", "")
          .supports_system_role());
}

TEST(ChatTemplate, PublishedTemplatesSaySoToo) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto load = [](const char* name) {
    return ChatTemplate(tests::read_text(tests::fixtures_folder() / "templates" / name), "<s>",
                        "</s>");
  };
  const auto folder = tests::fixtures_folder() / "templates";
  if (std::filesystem::exists(folder / "google-gemma-2-2b-it.jinja")) {
    EXPECT_FALSE(load("google-gemma-2-2b-it.jinja").supports_system_role());
  }
  if (std::filesystem::exists(folder / "Qwen-Qwen2.5-7B-Instruct.jinja")) {
    const ChatTemplate qwen = load("Qwen-Qwen2.5-7B-Instruct.jinja");
    EXPECT_TRUE(qwen.supports_system_role());
    EXPECT_TRUE(qwen.uses("tools"));
    EXPECT_FALSE(qwen.uses("enable_thinking"));
  }
}

TEST(ChatTemplate, WhatTheTemplateRefusesIsAnError) {
  const ChatTemplate chat("{{ raise_exception('Roles must alternate') }}", "", "");
  try {
    chat.render({});
    FAIL() << "no error";
  } catch (const TemplateError& error) {
    EXPECT_THAT(error.what(), HasSubstr("Roles must alternate"));
  }
  EXPECT_THROW(ChatTemplate("{% if %}", "", ""), TemplateError);
}

}  // namespace
}  // namespace quern::models
