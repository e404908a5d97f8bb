#include "models/training/data/row_encoder.h"

#include "models/training/data/row_messages.h"
#include "tests/models/training/data/data_cases.h"

namespace quern::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using tests::learnt;

Row chat(std::vector<ChatMessage> messages) {
  return {.kind = RowKind::chat, .messages = std::move(messages)};
}

Row completion(std::string prompt, std::string answer) {
  return {.kind = RowKind::completions,
          .messages = {{"user", std::move(prompt)}, {"assistant", std::move(answer)}}};
}

Row text(std::string text) { return {.kind = RowKind::text, .text = std::move(text)}; }

const std::vector<ChatMessage> two_turns = {{"system", "Be brief."},
                                            {"user", "What is a quern?"},
                                            {"assistant", "A hand mill."},
                                            {"user", "Of what?"},
                                            {"assistant", "Of stone."}};

std::string error_of(const RowEncoder& encoder, const Row& row) {
  try {
    encoder.encode(row);
  } catch (const RowError& error) {
    return error.what();
  }
  return "none";
}

/// With the tokenizer and the template of the fixtures that have these names.
std::shared_ptr<const RowEncoder> published(const std::string& tokenizer,
                                            const std::string& chat_template,
                                            EncodeOptions options = {}) {
  const tests::ModelFolder folder;
  const auto templates = tests::fixtures_folder() / "templates";
  std::filesystem::copy(templates / (chat_template + ".jinja"), folder.path());
  const auto loaded = Tokenizer::load(tests::fixtures_folder() / "tokenizers" / tokenizer);
  return std::make_shared<const RowEncoder>(
      loaded,
      ChatTemplate(folder.read(chat_template + ".jinja"), loaded.bos_token(), loaded.eos_token()),
      std::move(options));
}

TEST(RowEncoder, AssistantTurnsWithWhatEndsThem) {
  const auto encoder = tests::tiny_encoder();
  const EncodedRow row = encoder->encode(chat({{"user", "ab"}, {"assistant", "cde"}}));
  // <|user|>ab<|end|><|assistant|>cde<|end|>, a token per letter.
  EXPECT_EQ(row.sequence.tokens.size(), 9u);
  EXPECT_EQ(row.sequence.supervised, (std::vector<uint8_t>{0, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_FALSE(row.is_truncated);
  EXPECT_EQ(row.uncut_length, 9u);
}

TEST(RowEncoder, SupervisesWhatIsAskedFor) {
  const auto parts = [](Supervise supervise) {
    const auto encoder = tests::tiny_encoder({.supervise = supervise});
    return learnt(*encoder, encoder->encode(chat(two_turns)).sequence);
  };
  EXPECT_THAT(parts(Supervise::assistant_turns),
              ElementsAre("A hand mill.<|end|>", "Of stone.<|end|>"));
  EXPECT_THAT(parts(Supervise::last_turn), ElementsAre("Of stone.<|end|>"));
  EXPECT_THAT(parts(Supervise::everything),
              ElementsAre("Be brief.<|end|><|user|>What is a quern?<|end|><|assistant|>A hand "
                          "mill.<|end|><|user|>Of what?<|end|><|assistant|>Of stone.<|end|>"))
      << "all but the first token, which follows from nothing";
}

TEST(RowEncoder, TextIsLearntWholeAndEnds) {
  const auto encoder = tests::tiny_encoder();
  for (const char* written : {"abc", "abc<|end|>"}) {
    const EncodedSequence row = encoder->encode(text(written)).sequence;
    EXPECT_EQ(row.tokens.size(), 4u);
    EXPECT_EQ(row.tokens.back(), encoder->tokenizer().eos_token_id());
    EXPECT_EQ(row.supervised, (std::vector<uint8_t>{0, 1, 1, 1}));
  }
}

TEST(RowEncoder, AnswersOfNoWeightAreContext) {
  const auto encoder = tests::tiny_encoder();
  auto messages = two_turns;
  messages[2].extra["weight"] = 0;
  EXPECT_THAT(learnt(*encoder, encoder->encode(chat(messages)).sequence),
              ElementsAre("Of stone.<|end|>"));
}

TEST(RowEncoder, CutsAtTheLimitAndRefusesWhatIsLeftWithNothing) {
  const auto cutting = tests::tiny_encoder({.max_seq_length = 7});
  const EncodedRow row = cutting->encode(completion("ab", "cde"));
  EXPECT_TRUE(row.is_truncated);
  EXPECT_EQ(row.uncut_length, 9u);
  EXPECT_EQ(row.sequence.supervised, (std::vector<uint8_t>{0, 0, 0, 0, 0, 1, 1}));
  EXPECT_THROW(cutting->encode(completion("abcdefgh", "c")), RowTooLong);
  EXPECT_EQ(error_of(*cutting, completion("abcdefgh", "c")),
            "nothing to learn in the first 7 of 13 tokens");
  const auto dropping = tests::tiny_encoder({.max_seq_length = 7, .drop_long = true});
  EXPECT_EQ(error_of(*dropping, completion("ab", "cde")), "9 tokens: more than 7");
  EXPECT_EQ(error_of(*dropping, completion("a", "cd")), "none");
}

TEST(RowEncoder, WithoutATemplateOnlyText) {
  const auto tokenizer = Tokenizer::load(tests::data_folder() / "models" / "tiny-chat");
  const RowEncoder encoder(tokenizer, std::nullopt, {});
  EXPECT_NO_THROW(encoder.encode(text("abc")));
  try {
    encoder.encode(completion("a", "b"));
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no chat template"));
    EXPECT_THAT(error.advice(), HasSubstr("\"text\""));
  }
  const RowEncoder plain(tokenizer, ChatTemplate(plain_chat_template, "", tokenizer.eos_token()),
                         {});
  const auto row = plain.encode(chat(two_turns)).sequence;
  EXPECT_THAT(learnt(plain, row), ElementsAre("A hand mill.<|end|>", "Of stone.<|end|>"));
  EXPECT_THAT(plain.tokenizer().decode(row.tokens, false),
              StartsWith("System: Be brief.\n\nUser: What is a quern?\n\nAssistant: A hand"));
}

TEST(RowEncoder, DescribesTheMask) {
  const auto encoder = tests::tiny_encoder();
  std::string said, heard;
  for (const MaskedToken& token : encoder->describe_mask(completion("ab", "cd"))) {
    (token.is_supervised ? said : heard) += token.text;
  }
  EXPECT_EQ(heard, "<|user|>ab<|end|><|assistant|>");
  EXPECT_EQ(said, "cd<|end|>");
}

/// A template with a token for each letter, and what of two_turns is learnt with it.
struct TemplateCase {
  const char* name;
  const char* source;
  std::vector<std::string> learnt;
};

class TemplateForms : public testing::TestWithParam<TemplateCase> {};

TEST_P(TemplateForms, AnswersAreFound) {
  const auto tokenizer = Tokenizer::load(tests::data_folder() / "models" / "tiny-chat");
  const RowEncoder encoder(tokenizer, ChatTemplate(GetParam().source, "", tokenizer.eos_token()),
                           {});
  const std::vector<ChatMessage> messages = {{"system", "S"},
                                             {"user", "What?"},
                                             {"assistant", "<think>why</think> Mill. "},
                                             {"user", "What?"},
                                             {"assistant", "<think>how</think> Stone. "}};
  EXPECT_THAT(learnt(encoder, encoder.encode(chat(messages)).sequence),
              testing::ElementsAreArray(GetParam().learnt));
}

INSTANTIATE_TEST_SUITE_P(
    RowEncoder, TemplateForms,
    testing::Values(
        TemplateCase{"trims",
                     "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>\n"
                     "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
                     {"<think>why</think> Mill.<|end|>", "<think>how</think> Stone.<|end|>"}},
        TemplateCase{"thinking_out_of_all",
                     "{% for m in messages %}<|{{ m.role }}|>"
                     "{{ m.content.split('</think>')[-1] }}<|end|>{% endfor %}"
                     "{% if add_generation_prompt %}<|assistant|><think>{% endif %}",
                     {" Mill. <|end|>", " Stone. <|end|>"}},
        TemplateCase{"thinking_out_of_earlier",
                     "{% for m in messages %}<|{{ m.role }}|>"
                     "{% if loop.last %}{{ m.content }}{% else %}"
                     "{{ m.content.split('</think>')[-1] | trim }}{% endif %}<|end|>{% endfor %}"
                     "{% if add_generation_prompt %}<|assistant|>{% endif %}",
                     {"Mill.<|end|>", "<think>how</think> Stone. <|end|>"}},
        TemplateCase{"thinking_of_its_own",
                     "{% for m in messages %}<|{{ m.role }}|>"
                     "{% if m.role == 'assistant' and loop.last %}"
                     "{% if '</think>' in m.content %}{{ m.content.split('</think>')[0] }}"
                     "{% else %}<think>{% endif %}</think>|{% endif %}"
                     "{{ m.content.split('</think>')[-1] | trim }}<|end|>{% endfor %}"
                     "{% if add_generation_prompt %}<|assistant|>{% endif %}",
                     {"Mill.<|end|>", "<think>how</think>|Stone.<|end|>"}},
        TemplateCase{"system_in_last_question",
                     "{% for m in messages if m.role != 'system' %}{% if m.role == 'user' %}"
                     "[{% if messages[-1] == m or messages[-2] == m %}{{ messages[0].content }}:"
                     "{% endif %}{{ m.content }}]{% else %}{{ m.content }}<|end|>{% endif %}"
                     "{% endfor %}",
                     {"<think>why</think> Mill. <|end|>", "<think>how</think> Stone. <|end|>"}},
        TemplateCase{"a_token_at_the_very_end",
                     "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>\n{% endfor %}"
                     "{% if add_generation_prompt %}<|assistant|>{% else %}{{ eos_token }}"
                     "{% endif %}",
                     {"<think>why</think> Mill. <|end|>", "<think>how</think> Stone. <|end|>"}},
        TemplateCase{"nothing_ends_a_turn",
                     "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
                     "{% if add_generation_prompt %}<|assistant|>{% endif %}",
                     {"<think>why</think> Mill. ", "<think>how</think> Stone. <|end|>"}},
        TemplateCase{"no_generation_prompt",
                     "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}",
                     {"<|assistant|><think>why</think> Mill. <|end|>",
                      "<|assistant|><think>how</think> Stone. <|end|>"}},
        TemplateCase{"an_end_of_letters",
                     "{% for m in messages %}{{ m.role }}:{{ m.content }}END.{% endfor %}"
                     "{% if add_generation_prompt %}assistant:{% endif %}",
                     {"<think>why</think> Mill. END.", "<think>how</think> Stone. END.<|end|>"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RowEncoder, AnswersThatCannotBeFoundAreErrors) {
  const auto tokenizer = Tokenizer::load(tests::data_folder() / "models" / "tiny-chat");
  // Upside down: no beginning of the conversation is a beginning of the text.
  const RowEncoder encoder(
      tokenizer,
      ChatTemplate("{{ messages | length }}{% for m in messages | reverse %}{{ m.content | upper }}"
                   "{% endfor %}",
                   "", ""),
      {});
  EXPECT_THAT(error_of(encoder, chat(two_turns)), HasSubstr("cannot be told where answer 1"));
}

TEST(RowEncoder, RefusalsOfTheTemplateAreErrorsOfTheRow) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("gemma", "google-gemma-2-2b-it");
  EXPECT_THAT(error_of(*encoder, chat({{"user", "a"}, {"user", "b"}, {"assistant", "c"}})),
              HasSubstr("Conversation roles must alternate"));
}

/// Of published templates with their tokenizers, or ones like theirs.
TEST(PublishedTemplates, ChatML) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("qwen2", "Qwen-Qwen2.5-7B-Instruct");
  const auto row = encoder->encode(chat(two_turns)).sequence;
  EXPECT_THAT(learnt(*encoder, row), ElementsAre("A hand mill.<|im_end|>", "Of stone.<|im_end|>"));
  EXPECT_THAT(encoder->tokenizer().decode(row.tokens, false),
              StartsWith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat"));
}

TEST(PublishedTemplates, CallsOfToolsAreLearntAndTheirResultsAreNot) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("qwen2", "Qwen-Qwen2.5-7B-Instruct");
  Row row =
      chat({{"user", "Is it raining?"}, {"assistant", ""}, {"tool", "no"}, {"assistant", "No."}});
  row.messages[1].extra["tool_calls"] = nlohmann::ordered_json::parse(
      R"([{"type":"function","function":{"name":"weather","arguments":{"at":"Bath"}}}])");
  row.tools = nlohmann::ordered_json::parse(
      R"([{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}])");
  EXPECT_THAT(
      learnt(*encoder, encoder->encode(row).sequence),
      ElementsAre("<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"at\": \"Bath\"}}\n"
                  "</tool_call><|im_end|>",
                  "No.<|im_end|>"));
}

TEST(PublishedTemplates, Llama3) {
  QUERN_NEEDS_FIXTURES("templates");
  for (const char* name :
       {"meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.2-3B-Instruct"}) {
    const auto encoder = published("llama3", name);
    EXPECT_THAT(learnt(*encoder, encoder->encode(chat(two_turns)).sequence),
                ElementsAre("A hand mill.<|eot_id|>", "Of stone.<|eot_id|>"));
  }
}

TEST(PublishedTemplates, Gemma) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("gemma", "google-gemma-2-2b-it");
  const auto row = encoder->encode(chat(two_turns)).sequence;
  EXPECT_THAT(learnt(*encoder, row),
              ElementsAre("A hand mill.<end_of_turn>", "Of stone.<end_of_turn>"));
  EXPECT_THAT(encoder->tokenizer().decode(row.tokens, false),
              StartsWith("<bos><start_of_turn>user\nBe brief.\n\nWhat is a quern?<end_of_turn>"))
      << "the template has no place for the system prompt";
}

TEST(PublishedTemplates, Mistral) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("llama2", "mistralai-Mistral-Nemo-Instruct-2407");
  const auto row = encoder->encode(chat(two_turns)).sequence;
  EXPECT_THAT(learnt(*encoder, row), ElementsAre("A hand mill.</s>", "Of stone.</s>"));
}

TEST(PublishedTemplates, Phi3) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("phi3", "microsoft-Phi-3.5-mini-instruct");
  EXPECT_THAT(learnt(*encoder, encoder->encode(chat(two_turns)).sequence),
              ElementsAre("A hand mill.<|end|>", "Of stone.<|end|>"));
}

TEST(PublishedTemplates, DeepSeekWithoutTheThinking) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("deepseek-llm", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B");
  const Row row = chat(
      {{"user", "a"}, {"assistant", "<think>b</think>c d"}, {"user", "e"}, {"assistant", "f g"}});
  EXPECT_THAT(learnt(*encoder, encoder->encode(row).sequence),
              ElementsAre("c d<｜end▁of▁sentence｜>", "f g<｜end▁of▁sentence｜>"));
}

/// Characters that the tokenizer changes: then the places are found by encoding beginnings.
TEST(PublishedTemplates, TextThatTheTokenizerChanges) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto encoder = published("qwen2", "Qwen-Qwen2.5-7B-Instruct");
  const std::string decomposed = "cafe\xCC\x81 noir";  // normalised to one character
  EXPECT_THAT(learnt(*encoder, encoder->encode(completion(decomposed, decomposed)).sequence),
              ElementsAre("caf\xC3\xA9 noir<|im_end|>"));
}

/// What is learnt begins right behind the prompt that generation gives the model.
TEST(PublishedTemplates, ContextIsThePromptOfGeneration) {
  QUERN_NEEDS_FIXTURES("templates");
  const std::pair<const char*, const char*> pairs[] = {
      {"qwen2", "Qwen-Qwen2.5-7B-Instruct"},
      {"llama3", "meta-llama-Llama-3.1-8B-Instruct"},
      {"gemma", "google-gemma-2-2b-it"},
      {"llama2", "mistralai-Mistral-Nemo-Instruct-2407"},
      {"phi3", "microsoft-Phi-3.5-mini-instruct"}};
  for (const auto& [tokenizer, chat_template] : pairs) {
    const auto encoder = published(tokenizer, chat_template, {.supervise = Supervise::last_turn});
    const std::vector<ChatMessage> messages(two_turns.begin() + 1, two_turns.end());
    const auto row = encoder->encode(chat(messages)).sequence;
    const auto first = std::find(row.supervised.begin(), row.supervised.end(), 1);
    const auto prompt = encoder->tokenizer().encode(
        encoder->chat_template().render(std::span(messages).first(3)), false);
    EXPECT_EQ(std::vector<int32_t>(row.tokens.begin(),
                                   row.tokens.begin() + (first - row.supervised.begin())),
              prompt)
        << chat_template;
  }
}

}  // namespace
}  // namespace quern::models
