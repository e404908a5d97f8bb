#include "models/training/data/row_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/tokenizer/utf8.h"
#include "models/training/data/csv.h"
#include "models/training/data/row_messages.h"

namespace quern::models {

namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest_nesting = 64;

void require_utf8(const Record& record) {
  if (is_valid_utf8(record.bytes)) return;
  // The first character that replacing changes is the broken one.
  const std::string repaired = replace_invalid_utf8(record.bytes);
  const auto at =
      std::mismatch(record.bytes.begin(), record.bytes.end(), repaired.begin(), repaired.end());
  const auto byte = static_cast<uint64_t>(at.first - record.bytes.begin());
  throw RowError(fmt::format("not UTF-8: byte {} of the file, 0x{:02X}", record.offset + byte,
                             static_cast<unsigned char>(record.bytes[byte])));
}

Json parse_object(std::string_view text) {
  const auto refuse_deep = [](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest_nesting) {
      throw RowError(fmt::format("JSON that nests deeper than {} levels", deepest_nesting));
    }
    return true;
  };
  try {
    Json object = Json::parse(text, refuse_deep);
    if (!object.is_object()) {
      throw RowError(fmt::format("{} where an object belongs", object.type_name()));
    }
    return object;
  } catch (const Json::parse_error& error) {
    throw RowError(fmt::format("broken JSON at byte {} of {} of the record",
                               std::min(error.byte, text.size() + 1), text.size()));
  } catch (const Json::exception& error) {
    throw RowError(fmt::format("JSON that cannot be read: {}", error.what()));
  }
}

/// The member, or null when it is absent or JSON's null.
const Json* member(const Json& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_member(const Json& object, const std::string& name, bool may_be_empty = false) {
  const Json* value = member(object, name);
  if (!value) throw RowError(fmt::format("\"{}\" is missing", name));
  if (!value->is_string()) {
    throw RowError(fmt::format("\"{}\" is {} where a string belongs", name, value->type_name()));
  }
  std::string text = value->get<std::string>();
  if (!may_be_empty && text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw RowError(fmt::format("\"{}\" is empty", name));
  }
  return text;
}

/// A list, perhaps written as JSON text, as it must be in CSV.
Json list_member(const Json& object, const std::string& name) {
  const Json* value = member(object, name);
  if (!value) return nullptr;
  Json list = *value;
  if (list.is_string()) {
    list = Json::parse(list.get_ref<const std::string&>(), nullptr, /*allow_exceptions=*/false);
    if (list.is_discarded()) throw RowError(fmt::format("\"{}\" is broken JSON", name));
  }
  if (!list.is_array()) {
    throw RowError(fmt::format("\"{}\" is {} where a list belongs", name, list.type_name()));
  }
  return list;
}

std::string names_in(const Json& object) {
  std::string names;
  for (const auto& [name, value] : object.items()) {
    if (!names.empty()) names += ", ";
    if (names.size() > 200) return names + "...";
    names += name;
  }
  return names.empty() ? "nothing" : names;
}

Row alpaca(const Json& object) {
  std::string prompt = text_member(object, "instruction");
  if (member(object, "input")) {
    const std::string input = text_member(object, "input", /*may_be_empty=*/true);
    if (!input.empty()) prompt += "\n\n" + input;
  }
  return read_completions(prompt, text_member(object, "output"));
}

/// Instructions beside the conversation, as ShareGPT and Alpaca rows may have them.
void add_system_member(const Json& object, Row& row) {
  const Json* system = member(object, "system");
  if (!system || !system->is_string() || *system == "") return;
  if (row.messages.empty() || row.messages.front().role == "system") return;
  row.messages.insert(row.messages.begin(), {"system", system->get<std::string>()});
  if (row.kind != RowKind::chat) ++row.first_answer;
}

}  // namespace

std::string_view name_of(RowKind kind) {
  switch (kind) {
    case RowKind::chat:
      return "chat";
    case RowKind::completions:
      return "completions";
    case RowKind::text:
      return "text";
    case RowKind::preference:
      return "preference";
  }
  return {};
}

std::vector<std::string> FeatureNames::columns() const {
  return {prompt,   completion,      messages,      text,    chosen,
          rejected, "conversations", "instruction", "output"};
}

RowParser::RowParser(DataLayout layout, FeatureNames features)
    : layout_(std::move(layout)), features_(std::move(features)) {}

Row RowParser::parse(const Record& record) const {
  if (!record.error.empty()) throw RowError(record.error);
  if (record.size > largest_record) {
    throw RowError(fmt::format("a record of {} bytes: the longest that is read has {}", record.size,
                               largest_record));
  }
  require_utf8(record);
  if (layout_.format == DataFormat::paragraphs) {
    return {.kind = RowKind::text, .text = record.bytes};
  }
  return row_of(object_of(record));
}

Json RowParser::object_of(const Record& record) const {
  if (layout_.format != DataFormat::csv) return parse_object(record.bytes);
  std::vector<std::string> fields = read_csv_record(record.bytes, layout_.delimiter);
  if (fields.size() != layout_.columns.size()) {
    throw RowError(
        fmt::format("{} fields where the header has {}", fields.size(), layout_.columns.size()));
  }
  Json object = Json::object();
  for (size_t i = 0; i < fields.size(); ++i) {
    // CSV has no null: what is empty and would need to be a list is absent.
    const bool is_list = layout_.columns[i] == features_.tools;
    if (fields[i].empty() && is_list) continue;
    object[layout_.columns[i]] = std::move(fields[i]);
  }
  return object;
}

Row RowParser::row_of(const Json& object) const {
  const auto has = [&](const std::string& name) { return member(object, name) != nullptr; };
  Row row;
  if (has(features_.chosen) && has(features_.rejected)) {
    const Json* prompt = member(object, features_.prompt);
    row = read_preference(prompt ? *prompt : Json(), object.at(features_.chosen),
                          object.at(features_.rejected));
  } else if (has(features_.prompt) && has(features_.completion)) {
    row = read_completions(object.at(features_.prompt), object.at(features_.completion));
  } else if (has(features_.messages)) {
    row.kind = RowKind::chat;
    row.messages = read_messages(list_member(object, features_.messages));
  } else if (has("conversations")) {
    row.kind = RowKind::chat;
    row.messages = read_shared_messages(list_member(object, "conversations"));
  } else if (has("instruction") && has("output")) {
    row = alpaca(object);
  } else if (has(features_.text)) {
    row.text = text_member(object, features_.text);
  } else {
    throw RowError(fmt::format(
        "none of \"{}\", \"{}\" with \"{}\", \"{}\", \"{}\" with \"{}\" has a value; there is: {}",
        features_.messages, features_.prompt, features_.completion, features_.text,
        features_.chosen, features_.rejected, names_in(object)));
  }
  if (row.kind != RowKind::text) {
    row.tools = list_member(object, features_.tools);
    add_system_member(object, row);
  }
  if (row.kind == RowKind::chat) require_an_answer(row.messages);
  return row;
}

}  // namespace quern::models
