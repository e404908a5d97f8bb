#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "models/training/data/row.h"

namespace quern::models {

// Conversations as rows hold them. All throw RowError, naming the message by its place from 1.

/// A list of objects with `role` and `content`: text, a list of parts with text (joined), or null
/// beside `tool_calls`. Further members stay in ChatMessage::extra.
std::vector<ChatMessage> read_messages(const nlohmann::ordered_json& list);

/// ShareGPT's: `from` (human, gpt, system, tool and their like) and `value`.
std::vector<ChatMessage> read_shared_messages(const nlohmann::ordered_json& list);

/// Each a string or messages: the user's and the assistant's.
Row read_completions(const nlohmann::ordered_json& prompt,
                     const nlohmann::ordered_json& completion);

/// prompt: a string, a list of messages or null; chosen and rejected: strings, messages or lists,
/// which may begin with the prompt, and must when that is null.
Row read_preference(const nlohmann::ordered_json& prompt, const nlohmann::ordered_json& chosen,
                    const nlohmann::ordered_json& rejected);

/// Refuses conversations without an answer, and those that begin with one.
void require_an_answer(const std::vector<ChatMessage>& messages);

}  // namespace quern::models
