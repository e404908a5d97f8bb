#include "models/tokenizer/model.h"

#include <nlohmann/json.hpp>

#include "models/tokenizer/component.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

namespace {

constexpr ComponentType<TokenModel, ModelSource> types[] = {
    {"BPE", make_bpe},
};

/// The oldest files name no type; only byte-pair encodings are that old and have merges.
std::string type_of(const ModelSource& source) {
  if (source.merges.empty()) return string_field(source.fields, "type", "\"model\"");
  return string_field(source.fields, "type", "\"model\"", "BPE");
}

}  // namespace

std::unique_ptr<TokenModel> make_model(const ModelSource& source) {
  return make_component(types, "model", type_of(source), source);
}

}  // namespace quern::models
