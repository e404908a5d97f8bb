#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// A function that the model asks to be called.
struct ToolCall {
  std::string name;
  nlohmann::ordered_json arguments;  ///< an object
  std::optional<std::string> id;     ///< where the format has one
};

/// What a part of an answer is.
struct AnswerEvent {
  enum class Kind {
    content,         ///< text for the reader
    reasoning,       ///< text that the model thinks by
    tool_call,       ///< call is set
    malformed_call,  ///< text is the call as it was written, error what is wrong with it
  };

  static AnswerEvent of_text(Kind kind, std::string text);
  static AnswerEvent of_call(ToolCall call);
  static AnswerEvent malformed(std::string text, std::string error);

  Kind kind = Kind::content;
  std::string text;
  ToolCall call;
  std::string error;
};

/// The tools that a model was offered, by which untyped arguments get their types: a list of
/// {"name", "parameters"}, each perhaps within {"type": "function", "function": ...}.
class ToolSchemas {
 public:
  ToolSchemas() = default;
  /// What is not of that form is left out.
  explicit ToolSchemas(nlohmann::ordered_json tools) : tools_(std::move(tools)) {}

  bool empty() const { return tools_.empty(); }

  /// An argument that was written as plain text: of the type that the tool's schema gives the
  /// parameter, or as JSON where there is none; text where it is neither.
  nlohmann::ordered_json typed(const std::string& tool, const std::string& parameter,
                               std::string_view text) const;

 private:
  nlohmann::ordered_json tools_;
};

}  // namespace quern::models
