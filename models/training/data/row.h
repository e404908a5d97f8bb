#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "models/prompt/chat_template.h"

namespace quern::models {

/// What one row of a data set is.
enum class RowKind {
  chat,         ///< a conversation
  completions,  ///< a prompt and the answer to it
  text,         ///< text without turns
  preference,   ///< a prompt with an answer that is preferred to another
};

std::string_view name_of(RowKind kind);

/// A row, read and checked by itself.
struct Row {
  RowKind kind = RowKind::text;
  /// Of chat all, of completions the prompt and its answer, of a preference the prompt alone.
  std::vector<ChatMessage> messages = {};
  size_t first_answer = 0;            ///< messages before it are context, whoever's they are
  nlohmann::ordered_json tools = {};  ///< an array, or null
  std::string text = {};              ///< of text
  std::vector<ChatMessage> chosen = {}, rejected = {};  ///< answers; of preferences
};

/// Why a row cannot be used. The text is for people and does not say where the row stands.
class RowError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The row is good but longer than the limit, and may not be cut or has nothing to learn before it.
class RowTooLong : public RowError {
 public:
  using RowError::RowError;
};

}  // namespace quern::models
