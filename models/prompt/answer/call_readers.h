#pragma once

#include <string_view>
#include <vector>

#include "models/prompt/answer/tool_call.h"

namespace quern::models {

/// Reads what stands between a format's markers, in most formats one call, and adds an event for
/// each call. Throws CallError where the whole cannot be read; one call of several that cannot
/// becomes an event of its own.
using CallReader = void (*)(std::string_view body, const ToolSchemas& tools,
                            std::vector<AnswerEvent>& events);

/// {"name", "arguments"}, or "parameters" instead; a list of such objects, or several in a row.
void read_json_calls(std::string_view body, const ToolSchemas& tools,
                     std::vector<AnswerEvent>& events);
/// <function=NAME><parameter=KEY>VALUE</parameter></function>
void read_function_tags(std::string_view body, const ToolSchemas& tools,
                        std::vector<AnswerEvent>& events);
/// <invoke name="NAME"><parameter name="KEY">VALUE</parameter></invoke>, several
void read_invoke_tags(std::string_view body, const ToolSchemas& tools,
                      std::vector<AnswerEvent>& events);
/// NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>
void read_argument_tags(std::string_view body, const ToolSchemas& tools,
                        std::vector<AnswerEvent>& events);
/// NAME<longcat_arg_key>KEY</longcat_arg_key><longcat_arg_value>VALUE</longcat_arg_value>, or JSON
void read_longcat(std::string_view body, const ToolSchemas& tools,
                  std::vector<AnswerEvent>& events);
/// [NAME(KEY=VALUE, ..), ..] in Python's syntax
void read_pythonic(std::string_view body, const ToolSchemas& tools,
                   std::vector<AnswerEvent>& events);
/// call:NAME{KEY:VALUE,..} with texts between <|"|>
void read_gemma4(std::string_view body, const ToolSchemas& tools, std::vector<AnswerEvent>& events);
/// The same with texts between <escape>
void read_function_gemma(std::string_view body, const ToolSchemas& tools,
                         std::vector<AnswerEvent>& events);
/// NAME[ARGS]JSON or NAME[CALL_ID]ID[ARGS]JSON, several with [TOOL_CALLS] between, or a JSON list
void read_mistral(std::string_view body, const ToolSchemas& tools,
                  std::vector<AnswerEvent>& events);
/// <|tool_call_begin|>functions.NAME:0<|tool_call_argument_begin|>JSON<|tool_call_end|>, several
void read_kimi(std::string_view body, const ToolSchemas& tools, std::vector<AnswerEvent>& events);
/// <｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME, a block of JSON, <｜tool▁call▁end｜>, several;
/// or (V3.1) NAME<｜tool▁sep｜>JSON
void read_deepseek(std::string_view body, const ToolSchemas& tools,
                   std::vector<AnswerEvent>& events);

/// Adds the call. Throws CallError when the name is empty or the arguments are no object; arguments
/// may also be the text of one, or null for none.
void add_call(std::string name, nlohmann::ordered_json arguments, std::vector<AnswerEvent>& events,
              std::optional<std::string> id = {});

}  // namespace quern::models
