#include "models/tokenizer/post_processor.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "models/tokenizer/component.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

using nlohmann::json;

namespace {

using Made = std::unique_ptr<PostProcessor>;

int32_t token_id(const json& id, std::string_view where) {
  if (!id.is_number_integer()) {
    throw FormatError(fmt::format("{} has a {} where a token id belongs", where, id.type_name()));
  }
  auto value = id.get<int64_t>();
  if (value < 0 || value > INT32_MAX) {
    throw FormatError(fmt::format("{} has the token id {}", where, value));
  }
  return static_cast<int32_t>(value);
}

Made sequence(const json& component) {
  auto all = std::make_unique<PostProcessor>();
  for (const json& step : array_field(component, "processors", "post-processor Sequence")) {
    PostProcessor one = read_post_processor(step, INT32_MAX);
    all->prefix.insert(all->prefix.begin(), one.prefix.begin(), one.prefix.end());
    all->suffix.insert(all->suffix.end(), one.suffix.begin(), one.suffix.end());
  }
  return all;
}

Made template_processing(const json& component) {
  constexpr const char* where = "post-processor TemplateProcessing";
  auto made = std::make_unique<PostProcessor>();
  const json* special_tokens = find_field(component, "special_tokens", where);
  int sequences = 0;
  for (const json& item : array_field(component, "single", where)) {
    if (find_field(item, "Sequence", where)) {
      ++sequences;
      continue;
    }
    const json* special = find_field(item, "SpecialToken", where);
    std::string name = string_field(special ? *special : json::object(), "id", where);
    const json* token = special_tokens ? find_field(*special_tokens, name.c_str(), where) : nullptr;
    if (!token) {
      throw FormatError(
          fmt::format("{} uses {}, which its special_tokens lack", where, in_quotes(name)));
    }
    for (const json& id : array_field(*token, "ids", where)) {
      (sequences == 0 ? made->prefix : made->suffix).push_back(token_id(id, where));
    }
  }
  if (sequences != 1) {
    throw FormatError(
        fmt::format("{} has the text {} times in \"single\" instead of once", where, sequences));
  }
  return made;
}

Made byte_level(const json&) { return std::make_unique<PostProcessor>(); }

/// RobertaProcessing and BertProcessing: "cls" and "sep" are [text, id].
Made classifier_and_separator(const json& component) {
  constexpr const char* where = "post-processor";
  auto id = [&](const char* name) {
    const json& pair = array_field(component, name, where);
    if (pair.size() != 2) {
      throw FormatError(
          fmt::format("{}: \"{}\" has {} elements instead of 2", where, name, pair.size()));
    }
    return token_id(pair[1], where);
  };
  return std::make_unique<PostProcessor>(PostProcessor{{id("cls")}, {id("sep")}});
}

constexpr ComponentType<PostProcessor, json> types[] = {
    {"Sequence", sequence},
    {"TemplateProcessing", template_processing},
    {"ByteLevel", byte_level},
    {"RobertaProcessing", classifier_and_separator},
    {"BertProcessing", classifier_and_separator},
};

}  // namespace

PostProcessor read_post_processor(const json& component, int32_t vocab_size) {
  Made made = make_component(types, "post-processor",
                             string_field(component, "type", "a post-processor"), component);
  for (const auto& ids : {made->prefix, made->suffix}) {
    for (int32_t id : ids) {
      if (id >= vocab_size) {
        throw FormatError(fmt::format("the post-processor adds token {}, but the highest id is {}",
                                      id, vocab_size - 1));
      }
    }
  }
  return *made;
}

}  // namespace quern::models
