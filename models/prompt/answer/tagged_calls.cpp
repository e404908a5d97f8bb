#include <fmt/format.h>

#include "models/prompt/answer/call_readers.h"
#include "models/prompt/answer/literal_reader.h"

namespace quern::models {

using Json = nlohmann::ordered_json;

namespace {

/// Takes `text` apart from its front.
class TagReader {
 public:
  explicit TagReader(std::string_view text) : text_(text) {}

  std::string_view rest() const { return text_; }
  bool next_is(std::string_view tag) {
    text_ = trimmed(text_);
    return text_.starts_with(tag);
  }
  bool take(std::string_view tag) {
    if (!next_is(tag)) return false;
    text_.remove_prefix(tag.size());
    return true;
  }
  void require(std::string_view tag) {
    if (!take(tag)) throw CallError(fmt::format("\"{}\" is missing", tag));
  }
  std::string_view until(std::string_view tag) {
    const size_t found = text_.find(tag);
    if (found == text_.npos) throw CallError(fmt::format("\"{}\" is missing", tag));
    const std::string_view before = text_.substr(0, found);
    text_.remove_prefix(found + tag.size());
    return before;
  }

 private:
  std::string_view text_;
};

/// A value that stands on lines of its own.
std::string_view without_line_ends(std::string_view text) {
  if (text.starts_with('\n')) text.remove_prefix(1);
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

/// NAME, then keys and values between these tags.
void read_pairs(std::string_view body, std::string_view tag, const ToolSchemas& tools,
                std::vector<AnswerEvent>& events) {
  const std::string key_begin = fmt::format("<{}_key>", tag),
                    key_end = fmt::format("</{}_key>", tag);
  const std::string begin = fmt::format("<{}_value>", tag), end = fmt::format("</{}_value>", tag);
  const std::string name(trimmed(body.substr(0, body.find(key_begin))));
  TagReader reader(body.substr(std::min(body.find(key_begin), body.size())));
  Json arguments = Json::object();
  while (reader.take(key_begin)) {
    const std::string key(trimmed(reader.until(key_end)));
    reader.require(begin);
    arguments[key] = tools.typed(name, key, without_line_ends(reader.until(end)));
  }
  if (!trimmed(reader.rest()).empty()) throw CallError(fmt::format("\"{}\" is missing", key_begin));
  if (name.find_first_of("<> \n{") != name.npos) throw CallError("it does not begin with a name");
  add_call(name, arguments, events);
}

}  // namespace

void read_function_tags(std::string_view body, const ToolSchemas& tools,
                        std::vector<AnswerEvent>& events) {
  TagReader reader(body);
  std::vector<AnswerEvent> found;
  do {
    reader.require("<function=");
    const std::string name(trimmed(reader.until(">")));
    Json arguments = Json::object();
    while (reader.take("<parameter=")) {
      const std::string key(trimmed(reader.until(">")));
      arguments[key] = tools.typed(name, key, without_line_ends(reader.until("</parameter>")));
    }
    reader.require("</function>");
    add_call(name, arguments, found);
  } while (!trimmed(reader.rest()).empty());
  events.insert(events.end(), found.begin(), found.end());
}

void read_invoke_tags(std::string_view body, const ToolSchemas& tools,
                      std::vector<AnswerEvent>& events) {
  const auto unquoted = [](std::string_view name) {
    name = trimmed(name);
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
      name = name.substr(1, name.size() - 2);
    }
    return std::string(name);
  };
  TagReader reader(body);
  std::vector<AnswerEvent> found;
  do {
    reader.require("<invoke name=");
    const std::string name = unquoted(reader.until(">"));
    Json arguments = Json::object();
    while (reader.take("<parameter name=")) {
      const std::string key = unquoted(reader.until(">"));
      arguments[key] = tools.typed(name, key, without_line_ends(reader.until("</parameter>")));
    }
    reader.require("</invoke>");
    add_call(name, arguments, found);
  } while (!trimmed(reader.rest()).empty());
  events.insert(events.end(), found.begin(), found.end());
}

void read_argument_tags(std::string_view body, const ToolSchemas& tools,
                        std::vector<AnswerEvent>& events) {
  read_pairs(body, "arg", tools, events);
}

void read_longcat(std::string_view body, const ToolSchemas& tools,
                  std::vector<AnswerEvent>& events) {
  if (trimmed(body).starts_with('{')) {
    read_json_calls(body, tools, events);
  } else {
    read_pairs(body, "longcat_arg", tools, events);
  }
}

void read_pythonic(std::string_view body, const ToolSchemas&, std::vector<AnswerEvent>& events) {
  LiteralReader reader(body, LiteralReader::Style::python);
  std::vector<AnswerEvent> found;
  const bool in_list = reader.take("[");
  do {
    const std::string name = reader.name();
    reader.require("(");
    Json arguments = Json::object();
    while (!reader.take(")")) {
      const std::string key = reader.name();
      reader.require("=");
      arguments[key] = reader.value();
      if (!reader.take(",")) {
        reader.require(")");
        break;
      }
    }
    add_call(name, arguments, found);
  } while (reader.take(","));
  if (in_list) reader.require("]");
  if (!reader.at_end()) throw CallError("something follows its last call");
  events.insert(events.end(), found.begin(), found.end());
}

namespace {

void read_gemma(std::string_view body, std::string_view mark, std::vector<AnswerEvent>& events) {
  LiteralReader reader(body, LiteralReader::Style::gemma, mark);
  std::vector<AnswerEvent> found;
  do {
    reader.require("call:");
    const std::string name = reader.name();
    Json arguments = reader.value();
    if (!arguments.is_object()) throw CallError("its arguments are not an object");
    add_call(name, std::move(arguments), found);
    reader.take(",");
  } while (!reader.at_end());
  events.insert(events.end(), found.begin(), found.end());
}

}  // namespace

void read_gemma4(std::string_view body, const ToolSchemas&, std::vector<AnswerEvent>& events) {
  read_gemma(body, "<|\"|>", events);
}

void read_function_gemma(std::string_view body, const ToolSchemas&,
                         std::vector<AnswerEvent>& events) {
  read_gemma(body, "<escape>", events);
}

}  // namespace quern::models
