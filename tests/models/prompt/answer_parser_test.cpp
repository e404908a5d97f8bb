#include "models/prompt/answer/answer_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "models/tokenizer/streaming_detokenizer.h"
#include "tests/fixtures.h"
#include "tests/models/prompt/jinja_cases.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models {
namespace {

using Json = nlohmann::ordered_json;
using Kind = AnswerEvent::Kind;

const Json tools = Json::parse(
    R"([{"type":"function","function":{"name":"get","parameters":{"type":"object","properties":{
    "city":{"type":"string"},"days":{"type":"integer"},"zip":{"type":["string","null"]},"options":{"type":"object"},
    "exact":{"anyOf":[{"type":"boolean"},{"type":"null"}]}}}}}])");

/// One event on a line, neighbouring text joined: "content: ...", "call: NAME {..} #id".
std::vector<std::string> lines(const std::vector<AnswerEvent>& events) {
  std::vector<std::string> out;
  const AnswerEvent* previous = nullptr;
  for (const AnswerEvent& event : events) {
    const bool is_text = event.kind == Kind::content || event.kind == Kind::reasoning;
    if (is_text && previous && previous->kind == event.kind) {
      out.back() += event.text;
    } else if (is_text) {
      out.push_back((event.kind == Kind::content ? "content: " : "reasoning: ") + event.text);
    } else if (event.kind == Kind::malformed_call) {
      out.push_back("malformed: " + event.text);
      EXPECT_NE(event.error, "");
    } else {
      out.push_back("call: " + event.call.name + " " + event.call.arguments.dump());
      if (event.call.id) out.back() += " #" + *event.call.id;
    }
    previous = &event;
  }
  return out;
}

struct Case {
  std::string format;
  std::string answer;
  std::vector<std::string> expected;
  bool begins_in_reasoning = false;
};

constexpr ReasoningFormat think = {"<think>", "</think>"};

AnswerParser parser_of(const Case& c) {
  AnswerFormat format{find_call_format(c.format), &think};
  EXPECT_TRUE(format.calls || c.format.empty()) << c.format;
  return AnswerParser(format, {c.begins_in_reasoning, ToolSchemas(tools)});
}

std::vector<std::string> parsed(const Case& c, const std::vector<std::string_view>& pieces) {
  AnswerParser parser = parser_of(c);
  std::vector<AnswerEvent> events;
  for (const std::string_view piece : pieces) {
    for (AnswerEvent& event : parser.add(piece)) events.push_back(std::move(event));
  }
  for (AnswerEvent& event : parser.finish()) events.push_back(std::move(event));
  return lines(events);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"", "Plain text, no format.\n", {"content: Plain text, no format.\n"}},
      {"", "<think>\nHm <b>.\n</think>\n\nSo.", {"reasoning: Hm <b>.", "content: So."}},
      {"", "Hm.</think>So.", {"reasoning: Hm.", "content: So."}, true},
      {"", "<think>\n\n</think>\n\nSo.", {"content: So."}},
      {"", "cut off <thi", {"content: cut off <thi"}},
      {"", "<think>cut off </thi", {"reasoning: cut off </thi"}},
      {"json_tools",
       "Wait.\n<tool_call>\n{\"name\": \"get\", \"arguments\": {\"city\": \"Köln </b>\", \"days\": "
       "2}}\n</tool_call>\n"
       "<tool_call>{\"name\":\"other\",\"arguments\":{}}</tool_call> Done.",
       {"content: Wait.", R"(call: get {"city":"Köln </b>","days":2})", "call: other {}",
        "content: Done."}},
      {"json_tools", "<tool_call>{\"name\": \"get\"}", {"call: get {}"}},
      {"json_tools",
       "<tool_call>{\"name\": \"get\", \"arguments\": {</tool_call>x",
       {"malformed: <tool_call>{\"name\": \"get\", \"arguments\": {</tool_call>", "content: x"}},
      {"json_tools", "<tool_call>[1]</tool_call>", {"malformed: <tool_call>[1]</tool_call>"}},
      {"json_tools",
       "<tool_call>{\"name\": \"a\", \"arguments\": \"{\\\"b\\\":1}\"}</tool_call>",
       {R"(call: a {"b":1})"}},
      {"json_tools",
       "<think>a <tool_call></think><tool_call>{\"name\":\"a\"}</tool_call>",
       {"reasoning: a <tool_call>", "call: a {}"}},
      {"qwen3_coder",
       "I "
       "look.\n\n<tool_call>\n<function=get>\n<parameter=city>\n12\n</"
       "parameter>\n<parameter=days>\n3\n</parameter>\n"
       "<parameter=options>\n{\"a\": "
       "[1]}\n</parameter>\n<parameter=exact>\nTrue\n</parameter>\n<parameter=zip>\nnull\n</"
       "parameter>\n"
       "<parameter=new>\nline 1\n line 2\n</parameter>\n</function>\n</tool_call>",
       {"content: I look.",
        R"(call: get {"city":"12","days":3,"options":{"a":[1]},"exact":true,"zip":null,"new":"line 1\n line 2"})"}},
      {"qwen3_coder",
       "<tool_call>\n<function=get>\n<parameter=city>\nBonn\n</tool_call>",
       {"malformed: <tool_call>\n<function=get>\n<parameter=city>\nBonn\n</tool_call>"}},
      {"mistral",
       "[TOOL_CALLS]get[ARGS]{\"days\": 1}[TOOL_CALLS]other[CALL_ID]ab3[ARGS]{}",
       {R"(call: get {"days":1})", "call: other {} #ab3"}},
      {"mistral",
       "Hm.[TOOL_CALLS][{\"name\": \"get\", \"arguments\": {\"days\": 1}, \"id\": \"123456789\"}, "
       "{\"name\": \"b\"}]",
       {"content: Hm.", R"(call: get {"days":1} #123456789)", "call: b {}"}},
      {"mistral",
       "[TOOL_CALLS]get[ARGS]{\"days\":[TOOL_CALLS]b[ARGS]{}",
       {"malformed: [TOOL_CALLS]get[ARGS]{\"days\":", "call: b {}"}},
      {"gemma4",
       "<|tool_call>call:get{city:<|\"|>a, "
       "{\"b\"}<|\"|>,days:-2,options:{x:[1.5,true,null],<|\"|>y z<|\"|>:{}}}<tool_call|>"
       "<|tool_call>call:b{}<tool_call|>",
       {R"(call: get {"city":"a, {\"b\"}","days":-2,"options":{"x":[1.5,true,null],"y z":{}}})",
        "call: b {}"}},
      {"gemma4",
       "<|tool_call>call:get{city:<|\"|>a}<tool_call|>",
       {"malformed: <|tool_call>call:get{city:<|\"|>a}<tool_call|>"}},
      {"function_gemma",
       "<start_function_call>call:get{city:<escape>Tokyo<escape>,days:3}<end_function_call>",
       {R"(call: get {"city":"Tokyo","days":3})"}},
      {"longcat",
       "<longcat_tool_call>get\n<longcat_arg_key>days</longcat_arg_key>\n<longcat_arg_value>3</"
       "longcat_arg_value>\n"
       "<longcat_arg_key>city</longcat_arg_key>\n<longcat_arg_value>3</longcat_arg_value>\n</"
       "longcat_tool_call>\n",
       {R"(call: get {"days":3,"city":"3"})"}},
      {"longcat",
       "<longcat_tool_call>{\"name\": \"get\", \"arguments\": {}}</longcat_tool_call>",
       {"call: get {}"}},
      {"glm47",
       "Ok.<tool_call>get<arg_key>city</arg_key><arg_value>Bonn</arg_value><arg_key>days</"
       "arg_key><arg_value>7</arg_value></tool_call>"
       "<tool_call>b</tool_call>",
       {"content: Ok.", R"(call: get {"city":"Bonn","days":7})", "call: b {}"}},
      {"glm47",
       "<tool_call>get<arg_key>city</arg_key></tool_call>",
       {"malformed: <tool_call>get<arg_key>city</arg_key></tool_call>"}},
      {"pythonic",
       "<|tool_call_start|>[get(city=\"it's\", days=2, exact=True, options={'a': [1, None], \"b\": "
       "(1, 2)}), b()]<|tool_call_end|>Yes.",
       {R"(call: get {"city":"it's","days":2,"exact":true,"options":{"a":[1,null],"b":[1,2]}})",
        "call: b {}", "content: Yes."}},
      {"pythonic",
       "<|tool_call_start|>[get(city=open('x'))]<|tool_call_end|>",
       {"malformed: <|tool_call_start|>[get(city=open('x'))]<|tool_call_end|>"}},
      {"kimi_k2",
       "<|tool_calls_section_begin|><|tool_call_begin|>functions.get:0<|tool_call_argument_begin|>{"
       "\"days\":1}<|tool_call_end|>"
       "<|tool_call_begin|>functions.b:1<|tool_call_argument_begin|>{<|tool_call_end|><|tool_calls_"
       "section_end|>",
       {R"(call: get {"days":1} #functions.get:0)",
        "malformed: "
        "<|tool_call_begin|>functions.b:1<|tool_call_argument_begin|>{<|tool_call_end|>"}},
      {"minimax_m2",
       "<minimax:tool_call>\n<invoke name=\"get\">\n<parameter "
       "name=\"city\">Bonn</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>\n"
       "<invoke name=\"b\">\n</invoke>\n</minimax:tool_call>",
       {R"(call: get {"city":"Bonn","days":2})", "call: b {}"}},
      {"deepseek",
       "Now.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get\n```json\n{"
       "\"city\": \"a```b\"}\n```<｜tool▁call▁end｜>\n"
       "<｜tool▁call▁begin｜>b<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       {"content: Now.", R"(call: get {"city":"a```b"})", "call: b {}"}},
      {"llama3_json",
       "{\"name\": \"get\", \"parameters\": {\"days\": 1}}; {\"name\": \"b\", \"parameters\": {}}",
       {R"(call: get {"days":1})", "call: b {}"}},
      {"llama3_json", "<|python_tag|>{\"name\": \"get\", \"parameters\": {}}", {"call: get {}"}},
      {"llama3_json", "{\"answer\": 42}", {"content: {\"answer\": 42}"}},
      {"llama3_json", "Use {\"name\": 1}.", {"content: Use {\"name\": 1}."}},
      {"llama3_json", "<|python_tag|>print(1)", {"malformed: <|python_tag|>print(1)"}},
      {"harmony",
       "<|channel|>analysis<|message|>Let me "
       "see.<|end|><|start|>assistant<|channel|>commentary<|message|>I look.<|end|>"
       "<|start|>assistant<|channel|>commentary to=functions.get "
       "<|constrain|>json<|message|>{\"days\":1}<|call|>",
       {"reasoning: Let me see.", "content: I look.", R"(call: get {"days":1})"}},
      {"harmony",
       "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>It is "
       "<b>.<|return|>",
       {"reasoning: a", "content: It is <b>."}},
      {"harmony",
       " to=functions.get<|channel|>commentary json<|message|>{}<|call|>",
       {"call: get {}"}},
      {"harmony",
       "<|channel|>commentary to=functions.get<|message|>{\"days\"<|call|>",
       {"malformed: <|channel|>commentary to=functions.get<|message|>{\"days\""}},
      {"harmony", "<|channel|>final<|message|>cut off <|en", {"content: cut off <|en"}},
      {"harmony", "No header at all.", {"content: No header at all."}},
  };
  return all;
}

TEST(AnswerParser, TakesEveryFormatApart) {
  for (const Case& c : cases()) {
    EXPECT_THAT(parsed(c, {c.answer}), testing::ElementsAreArray(c.expected))
        << c.format << ": " << c.answer;
  }
}

TEST(AnswerParser, EveryCutGivesTheSame) {
  for (const Case& c : cases()) {
    const std::string_view text = c.answer;
    for (size_t i = 0; i <= text.size(); ++i) {
      ASSERT_THAT(parsed(c, {text.substr(0, i), text.substr(i)}),
                  testing::ElementsAreArray(c.expected))
          << c.format << " cut at " << i << ": " << c.answer;
    }
    std::vector<std::string_view> bytes;
    for (size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
    EXPECT_THAT(parsed(c, bytes), testing::ElementsAreArray(c.expected)) << c.answer;
  }
}

TEST(AnswerParser, GivesTextAsSoonAsItIsCertain) {
  AnswerParser parser = parser_of({"json_tools", "", {}});
  EXPECT_THAT(lines(parser.add("Hello <b")), testing::ElementsAre("content: Hello <b"));
  EXPECT_THAT(lines(parser.add(" <tool")), testing::IsEmpty());
  EXPECT_THAT(lines(parser.add("s>")), testing::ElementsAre("content:  <tools>"));
}

TEST(AnswerParser, WithoutToolsBareJsonIsContent) {
  AnswerParser parser({find_call_format("llama3_json"), nullptr}, {});
  EXPECT_THAT(lines(parser.add("{\"name\":")), testing::ElementsAre("content: {\"name\":"));
}

TEST(AnswerParser, MutatedAnswersNeverFail) {
  std::mt19937 random(20260314);
  for (const Case& c : cases()) {
    for (int i = 0; i < 150; ++i) {
      std::string text = c.answer;
      for (size_t n = 1 + random() % 3; n > 0 && !text.empty(); --n) {
        const size_t at = random() % text.size();
        switch (random() % 4) {
          case 0:
            text.erase(at, random() % 8);
            break;
          case 1:
            text.insert(at, text.substr(random() % text.size(), random() % 12));
            break;
          case 2:
            text[at] = char(random());
            break;
          default:
            text.resize(at);
        }
      }
      const std::string_view all = text;
      const size_t cut = random() % (text.size() + 1);
      ASSERT_EQ(parsed(c, {all}), parsed(c, {all.substr(0, cut), all.substr(cut)}))
          << c.format << ": " << text;
    }
  }
}

TEST(AnswerParser, DeepNestingIsMalformed) {
  const std::string deep(100000, '[');
  for (const auto& [format, before] :
       {std::pair("json_tools", "<tool_call>"), std::pair("gemma4", "<|tool_call>call:a{b:"),
        std::pair("pythonic", "<|tool_call_start|>[a(b="),
        std::pair("json_tools", "<tool_call>{\"name\":\"a\",\"arguments\":")}) {
    const std::string answer = before + deep;
    const auto events = parsed({format, answer, {}}, {answer});
    ASSERT_EQ(events.size(), 1u) << format;
    EXPECT_TRUE(events[0].starts_with("malformed: ")) << format;
  }
}

TEST(AnswerFormat, IsFoundInTheTemplate) {
  const struct {
    const char* source;
    const char* calls;
    const char* reasoning;
  } sources[] = {
      {"<minimax:tool_call> <tool_call> tool_call.name <think></think>", "minimax_m2", "<think>"},
      {"'<|tool_call>' '<tool_call|>' '<|channel>thought'", "gemma4", "<|channel>thought\n"},
      {"<start_function_call>", "function_gemma", nullptr},
      {"<longcat_tool_call> <longcat_think>", "longcat", "<longcat_think>"},
      {"<tool_call> tool_call.name <arg_key> </think>", "glm47", "<think>"},
      {"<|tool_list_start|>", "pythonic", nullptr},
      {"'<tool_call>\\n<function=' tool_call.name", "qwen3_coder", nullptr},
      {"<tool_call>\n<function= tool_call.name", "qwen3_coder", nullptr},
      {"<|tool_calls_section_begin|>", "kimi_k2", nullptr},
      {"[TOOL_CALLS] [THINK]", "mistral", "[THINK]"},
      {"<tool_call> {{ tool_call.name }}", "json_tools", nullptr},
      {"<tool_call> alone", nullptr, nullptr},
      {"<｜tool▁calls▁begin｜> </think>", "deepseek", "<think>"},
      {"<|channel|>analysis<|message|>", "harmony", nullptr},
      {"<|python_tag|>", "llama3_json", nullptr},
      {"{{ messages }}", nullptr, nullptr},
  };
  for (const auto& [source, calls, reasoning] : sources) {
    const AnswerFormat format = sniff_answer_format(source);
    EXPECT_EQ(format.calls ? format.calls->name : "none", calls ? calls : "none") << source;
    EXPECT_EQ(format.reasoning ? format.reasoning->begin : "none", reasoning ? reasoning : "none")
        << source;
  }
}

TEST(AnswerFormat, IsFoundInPublishedTemplates) {
  QUERN_NEEDS_FIXTURES("templates");
  const struct {
    const char* file;
    const char* calls;
  } files[] = {{"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja", "json_tools"},
               {"Qwen-Qwen2.5-7B-Instruct.jinja", "json_tools"},
               {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja", "deepseek"},
               {"google-gemma-2-2b-it.jinja", "none"},
               {"meta-llama-Llama-3.1-8B-Instruct.jinja", "llama3_json"},
               {"meta-llama-Llama-3.2-3B-Instruct.jinja", "llama3_json"},
               {"microsoft-Phi-3.5-mini-instruct.jinja", "none"},
               {"mistralai-Mistral-Nemo-Instruct-2407.jinja", "mistral"}};
  for (const auto& [file, calls] : files) {
    const auto path = quern::tests::fixtures_folder() / "templates" / file;
    if (!std::filesystem::exists(path)) continue;
    const AnswerFormat format = sniff_answer_format(quern::tests::read_text(path));
    EXPECT_EQ(format.calls ? format.calls->name : "none", calls) << file;
  }
}

TEST(AnswerFormat, ThinkingMayBeOpenedByThePrompt) {
  const AnswerFormat format{nullptr, &think};
  EXPECT_TRUE(opens_reasoning(format, "user <think> assistant<think>\n"));
  EXPECT_FALSE(opens_reasoning(format, "assistant<think>\n\n</think>\n\n"));
  EXPECT_FALSE(opens_reasoning({}, "<think>"));
}

TEST(AnswerFormat, MarkersAmongTheSpecialTokensAreRendered) {
  auto file = tests::bpe_file({"a", "b"});
  file["decoder"] = {{"type", "ByteLevel"}};
  int id = 2;
  for (const char* text : {"<|channel>", "<|tool_call>", "<|\"|>", "<eos>"}) {
    file["added_tokens"].push_back({{"id", id++},
                                    {"content", text},
                                    {"special", true},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false}});
  }
  const Tokenizer tokenizer = tests::make(file);
  const AnswerFormat format = sniff_answer_format("<|tool_call><tool_call|><|channel>thought");
  const auto markers = marker_tokens(format, tokenizer);
  EXPECT_THAT(markers, testing::ElementsAre(2, 3, 4));
  StreamingDetokenizer detokenizer(tokenizer, true, markers);
  std::string text;
  for (const int32_t token : {2, 0, 5, 3, 1}) text += detokenizer.add(token);
  EXPECT_EQ(text + detokenizer.finish(), "<|channel>a<|tool_call>b");
}

}  // namespace
}  // namespace quern::models
