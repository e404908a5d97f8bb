#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace quern::models {

/// Where a mark for a space is put before a text that does not begin with one.
enum class MetaspacePrepend { first, always, never };

/// SentencePiece's way with spaces, which a pre-tokenizer and a decoder share.
struct Metaspace {
  char32_t replacement;
  MetaspacePrepend prepend;
};

/// Reads "replacement" and "prepend_scheme", or the older "add_prefix_space". Throws FormatError.
Metaspace metaspace(const nlohmann::json& component, std::string_view where);

}  // namespace quern::models
