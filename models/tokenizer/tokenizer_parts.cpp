#include "models/tokenizer/tokenizer_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

void TokenizerParts::set_components(const nlohmann::json& file) {
  auto component = [&](const char* name) { return find_field(file, name, "the file"); };
  if (const auto* part = component("normalizer")) normalizer = make_normalizer(*part);
  if (const auto* part = component("pre_tokenizer")) pre_tokenizer = make_pre_tokenizer(*part);
  const auto* part = component("decoder");
  decoder = part ? make_decoder(*part) : make_joining_decoder();
  nlohmann::json kept = nlohmann::json::object();
  for (const char* name : {"normalizer", "pre_tokenizer", "decoder"}) {
    if (const auto* described = component(name)) kept[name] = *described;
  }
  components = kept.dump();
}

void TokenizerParts::add_tokens(const std::vector<AddedToken>& tokens) {
  vocab_size = std::max(vocab_size, model->vocabulary().size());
  std::vector<AddedToken> raw = raw_added_tokens.tokens();
  std::vector<AddedToken> normalized = normalized_added_tokens.tokens();
  for (const AddedToken& token : tokens) {
    auto [place, is_new] = added_tokens.emplace(token.id, token);
    if (!is_new) {
      throw FormatError(fmt::format("the added tokens {} and {} have the same id {}",
                                    in_quotes(place->second.content), in_quotes(token.content),
                                    token.id));
    }
    auto [name, is_new_name] = added_ids.emplace(place->second.content, token.id);
    if (!is_new_name) {
      throw FormatError(fmt::format("the added token {} appears twice, with the ids {} and {}",
                                    in_quotes(token.content), name->second, token.id));
    }
    vocab_size = std::max(vocab_size, token.id + 1);
    (token.normalized ? normalized : raw).push_back(token);
    if (token.normalized && normalizer) normalizer->normalize(normalized.back().content);
  }
  raw_added_tokens = AddedTokenMatcher(std::move(raw));
  normalized_added_tokens = AddedTokenMatcher(std::move(normalized));
}

void TokenizerParts::add_missing_tokens(const std::vector<AddedToken>& tokens) {
  std::vector<AddedToken> displaced;
  std::vector<AddedToken> missing;
  for (AddedToken token : tokens) {
    if (token.content.empty() || added_ids.contains(token.content)) continue;
    auto known = model->vocabulary().find(token.content);
    if (known) token.id = *known;
    bool is_free = known || !model->vocabulary().contains(token.id);
    (is_free && !added_tokens.contains(token.id) ? missing : displaced).push_back(token);
  }
  add_tokens(missing);
  for (AddedToken& token : displaced) {
    token.id = vocab_size;
    add_tokens({token});
  }
}

std::optional<int32_t> TokenizerParts::find(std::string_view token) const {
  auto added = added_ids.find(token);
  return added != added_ids.end() ? added->second : model->vocabulary().find(token);
}

std::string_view TokenizerParts::text(int32_t id) const {
  auto added = added_tokens.find(id);
  return added != added_tokens.end() ? std::string_view(added->second.content)
                                     : model->vocabulary().text(id);
}

bool TokenizerParts::is_special(int32_t id) const {
  auto added = added_tokens.find(id);
  return added != added_tokens.end() && added->second.special;
}

}  // namespace quern::models
