#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/model.h"

namespace quern::models {

namespace {

constexpr const char* where = "model WordLevel";

/// Every piece is a token or unknown.
class WordLevel : public TokenModel {
 public:
  WordLevel(Vocabulary vocabulary, const std::string& unk_token)
      : TokenModel(std::move(vocabulary)), unk_id_(this->vocabulary().find(unk_token)) {}

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override {
    auto id = vocabulary().find(piece);
    if (!id) id = unk_id_;
    if (!id) {
      throw FormatError(
          fmt::format("the vocabulary lacks {} and has no unknown token", in_quotes(piece)),
          "Leave this word out or choose another model.");
    }
    ids.push_back(*id);
  }

 private:
  std::optional<int32_t> unk_id_;
};

}  // namespace

std::unique_ptr<TokenModel> make_word_level(const ModelSource& source) {
  return std::make_unique<WordLevel>(read_vocabulary(source.vocab, where),
                                     string_field(source.fields, "unk_token", where, "<unk>"));
}

}  // namespace quern::models
