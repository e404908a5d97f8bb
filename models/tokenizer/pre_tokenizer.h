#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// A text on its way through the pre-tokenizers: pieces that no token may reach across.
struct PreTokenized {
  struct Piece {
    std::string_view text;  // never empty, valid UTF-8
    bool at_start;          // the whole input begins with it
  };
  std::vector<Piece> pieces;
  std::deque<std::string> storage;  // owns rewritten texts; a view into an element stays valid
};

/// Divides a text into pieces and may rewrite them: tokenizer.json's "pre_tokenizer". Immutable;
/// any thread may call it.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(PreTokenized& text) const = 0;
};

/// Throws FormatError when the type is not supported or a field is wrong.
std::unique_ptr<PreTokenizer> make_pre_tokenizer(const nlohmann::json& component);

}  // namespace quern::models
