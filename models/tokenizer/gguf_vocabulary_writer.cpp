#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "models/error.h"
#include "models/tokenizer/base64.h"
#include "models/tokenizer/bpe.h"
#include "models/tokenizer/byte_tokens.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/gguf_vocabulary.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/sentencepiece_normalizer.h"
#include "models/tokenizer/split_schemes.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "models/tokenizer/unigram.h"
#include "models/tokenizer/utf8.h"
#include "models/tokenizer/word_piece.h"

namespace quern::models {

using nlohmann::json;
using nlohmann::literals::operator""_json_pointer;

namespace {

constexpr std::string_view word_mark = "\u2581";

[[noreturn]] void refuse(const std::string& what) {
  throw FormatError(what, "Keep this model in the Hugging Face layout.");
}

/// A component's steps: those of a sequence, the component itself, or none.
std::vector<json> steps_of(const json& components, const char* name, const char* list) {
  const json* component = find_field(components, name, "the components");
  if (!component) return {};
  if (string_field(*component, "type", name) != "Sequence") return {*component};
  std::vector<json> steps;
  for (const json& step : array_field(*component, list, name)) {
    for (const json& inner : steps_of({{name, step}}, name, list)) steps.push_back(inner);
  }
  return steps;
}

std::string type_of(const json& step) { return string_field(step, "type", "a component"); }

/// Runs of spaces, which published tokenizers list in an order of their own: the order in which
/// their rules apply does not change what a run becomes.
bool repeats_one_character(std::string_view text) {
  size_t length = text.empty() ? 0 : utf8_length(text[0]);
  return text.substr(length) == text.substr(0, text.size() - length);
}

[[noreturn]] void refuse_step(const char* kind, const json& step) {
  refuse(fmt::format("GGUF has no name for the {} {}", kind, in_quotes(step.dump())));
}

class Writer {
 public:
  Writer(const TokenizerParts& parts, int32_t vocab_size)
      : parts_(parts),
        components_(json::parse(parts.components)),
        normalizers_(steps_of(components_, "normalizer", "normalizers")),
        pre_tokenizers_(steps_of(components_, "pre_tokenizer", "pretokenizers")),
        size_(static_cast<size_t>(std::max(parts.vocab_size, vocab_size))) {}

  GgufVocabulary run() {
    write_tokens();
    write_special_ids();
    if (const auto* bpe = dynamic_cast<const Bpe*>(parts_.model.get())) {
      if (!bpe->settings().continuing_subword_prefix.empty() ||
          !bpe->settings().end_of_word_suffix.empty()) {
        refuse("GGUF has no byte-pair encoding with marked subwords");
      }
      bpe->settings().byte_fallback ? write_sentencepiece(*bpe) : write_byte_level(*bpe);
    } else if (const auto* unigram = dynamic_cast<const Unigram*>(parts_.model.get())) {
      write_unigram(*unigram);
    } else if (const auto* words = dynamic_cast<const WordPiece*>(parts_.model.get())) {
      write_word_piece(*words);
    } else {
      refuse("GGUF has no vocabularies of whole words");
    }
    return std::move(out_);
  }

 private:
  void set_type(int32_t id, GgufTokenType type) {
    out_.token_types[static_cast<size_t>(id)] = static_cast<int32_t>(type);
  }

  void write_tokens() {
    out_.tokens.reserve(size_);
    out_.token_types.assign(size_, static_cast<int32_t>(GgufTokenType::normal));
    for (int32_t id = 0; id < static_cast<int32_t>(size_); ++id) {
      auto added = parts_.added_tokens.find(id);
      out_.tokens.emplace_back(parts_.text(id));
      if (out_.tokens.back().empty()) {
        out_.tokens.back() = fmt::format("[PAD{}]", id);
        set_type(id, GgufTokenType::unused);
      } else if (added != parts_.added_tokens.end()) {
        set_type(id, added->second.special ? GgufTokenType::control : GgufTokenType::user_defined);
      }
    }
  }

  void write_special_ids() {
    auto id = [&](const std::string& token) {
      auto found = parts_.find(token);
      return found ? std::optional<int64_t>(*found) : std::nullopt;
    };
    const TokenizerConfig& config = parts_.config;
    out_.bos_token_id = id(config.bos_token);
    out_.eos_token_id = id(config.eos_token);
    out_.unknown_token_id = id(config.unk_token);
    out_.padding_token_id = id(config.pad_token);
    out_.chat_template = config.chat_template;
    const PostProcessor& around = parts_.post_processor;
    if (around.prefix.size() > 1 || around.suffix.size() > 1) {
      refuse(
          fmt::format("the tokenizer sets {} tokens before and {} behind a text; GGUF can say "
                      "one each",
                      around.prefix.size(), around.suffix.size()));
    }
    out_.add_bos_token = !around.prefix.empty();
    out_.add_eos_token = !around.suffix.empty();
    if (!around.prefix.empty()) out_.bos_token_id = around.prefix[0];
    if (!around.suffix.empty()) out_.eos_token_id = around.suffix[0];
  }

  void write_byte_level(const Bpe& bpe) {
    bool nfc = false;
    for (const json& step : normalizers_) {
      if (type_of(step) != "NFC") refuse_step("normalizer", step);
      nfc = true;
    }
    json pre_tokenizer = {{"type", "Sequence"}, {"pretokenizers", pre_tokenizers_}};
    std::vector<std::string> patterns = patterns_of(pre_tokenizer);
    bool ignore_merges = bpe.settings().ignore_merges;
    const SplitScheme* scheme = find_split_scheme(patterns, ignore_merges, nfc);
    // llama.cpp brings no text into form C, whatever the name.
    if (!scheme) scheme = find_split_scheme(patterns, ignore_merges, !nfc);
    if (!scheme) {
      refuse(fmt::format("GGUF has no name for the split pattern {}{}",
                         in_quotes(fmt::format("{}", fmt::join(patterns, "\" then \""))),
                         ignore_merges ? " with merges ignored" : ""));
    }
    out_.model = "gpt2";
    out_.pre = scheme->name;
    write_merges(bpe);
  }

  void write_merges(const Bpe& bpe) {
    struct Line {
      int32_t rank;
      int32_t left;
      int32_t right;
    };
    std::vector<Line> lines;
    bpe.merges().visit_all([&](int32_t left, int32_t right, const MergeRule& rule) {
      lines.push_back({rule.rank, left, right});
    });
    std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
      return std::tie(a.rank, a.left, a.right) < std::tie(b.rank, b.left, b.right);
    });
    for (const Line& line : lines) {
      std::string_view left = bpe.vocabulary().text(line.left);
      std::string_view right = bpe.vocabulary().text(line.right);
      if (left.find(' ') != left.npos || right.find(' ') != right.npos) {
        refuse(
            fmt::format("the tokens {} and {} merge; GGUF cannot say merges of tokens with spaces",
                        in_quotes(left), in_quotes(right)));
      }
      out_.merges.push_back(fmt::format("{} {}", left, right));
    }
  }

  /// Rules of SentencePiece follow from scores: two tokens join when their texts together are a
  /// token, the one with the highest score first.
  void write_sentencepiece(const Bpe& bpe) {
    out_.model = "llama";
    out_.pre = "default";
    out_.add_space_prefix = writes_prefix();
    write_unknown(bpe.settings().unk_token);
    write_bytes();
    std::vector<int32_t> first_ranks(size_, -1);
    bpe.merges().visit_all([&](int32_t, int32_t, const MergeRule& rule) {
      int32_t& rank = first_ranks[static_cast<size_t>(rule.id)];
      rank = rank < 0 ? rule.rank : std::min(rank, rule.rank);
    });
    int32_t last = 0;
    for (int32_t rank : first_ranks) last = std::max(last, rank);
    std::vector<int32_t> ranks(size_, -1);
    out_.scores.assign(size_, 0);
    for (size_t id = 0; id < size_; ++id) {
      if (out_.token_types[id] != static_cast<int32_t>(GgufTokenType::normal)) continue;
      ranks[id] = first_ranks[id] < 0 ? last + 1 : first_ranks[id];
      out_.scores[id] = -static_cast<float>(ranks[id]);
    }
    check_rules(bpe, ranks);
  }

  /// Throws when the rules that follow from the ranks are not the tokenizer's.
  void check_rules(const Bpe& bpe, std::vector<int32_t> ranks) {
    ranks.resize(static_cast<size_t>(bpe.vocabulary().size()));
    MergeRules follow = rules_of_vocabulary(bpe.vocabulary(), ranks);
    std::vector<std::pair<int32_t, int32_t>> order;  // rank and its place among the scores
    follow.table.visit_all([&](int32_t left, int32_t right, const MergeRule& rule) {
      const MergeRule* own = bpe.merges().find(left, right);
      if (!own || own->id != rule.id) {
        refuse(fmt::format(
            "{} and {} are not merged though {} is a token; GGUF cannot say that of "
            "this kind of vocabulary",
            in_quotes(bpe.vocabulary().text(left)), in_quotes(bpe.vocabulary().text(right)),
            in_quotes(bpe.vocabulary().text(rule.id))));
      }
      if (!repeats_one_character(bpe.vocabulary().text(rule.id))) {
        order.emplace_back(own->rank, rule.rank);
      }
    });
    std::sort(order.begin(), order.end());
    auto by_place = [](const auto& a, const auto& b) { return a.second < b.second; };
    if (!std::is_sorted(order.begin(), order.end(), by_place)) {
      refuse("the merges' order does not follow from one score for each token");
    }
  }

  /// Whether a space is set before the text. Throws for components that do more than spaces need.
  bool writes_prefix() const {
    bool prefix = false;
    for (const json& step : normalizers_) {
      bool is_space = type_of(step) == "Replace" &&
                      step.value("/pattern/String"_json_pointer, std::string()) == " ";
      if (type_of(step) == "Prepend") {
        prefix = true;
      } else if (!is_space) {
        refuse_step("normalizer", step);
      }
    }
    for (const json& step : pre_tokenizers_) prefix = is_metaspace_prefix(step) || prefix;
    if (const auto* own = dynamic_cast<const SentencePieceNormalizer*>(parts_.normalizer.get())) {
      prefix = prefix || own->rules().add_dummy_prefix;
    }
    return prefix || !parts_.start_prefix.empty();
  }

  static bool is_metaspace_prefix(const json& step) {
    if (type_of(step) == "Split" && step.contains("/pattern/String"_json_pointer)) {
      return false;  // at spaces, which the normalizer has replaced
    }
    if (type_of(step) == "WhitespaceSplit") return false;
    if (type_of(step) != "Metaspace") refuse_step("pre-tokenizer", step);
    return string_field(
               step, "prepend_scheme", "Metaspace",
               bool_field(step, "add_prefix_space", "Metaspace", true) ? "always" : "never") !=
           "never";
  }

  void write_unknown(const std::string& token) {
    auto id = parts_.model->vocabulary().find(token);
    if (!id) return;
    out_.unknown_token_id = *id;
    set_type(*id, GgufTokenType::unknown);
  }

  void write_bytes() {
    for (int32_t id : byte_token_ids(parts_.model->vocabulary())) {
      if (id >= 0) set_type(id, GgufTokenType::byte);
    }
  }

  void write_unigram(const Unigram& unigram) {
    out_.model = "t5";
    out_.pre = "default";
    out_.add_space_prefix = false;
    out_.remove_extra_whitespaces = false;
    for (const json& step : normalizers_) write_unigram_normalizer(step);
    if (const auto* own = dynamic_cast<const SentencePieceNormalizer*>(parts_.normalizer.get())) {
      out_.precompiled_charsmap = own->rules().map.bytes();
      out_.add_space_prefix = own->rules().add_dummy_prefix;
      out_.remove_extra_whitespaces = own->rules().remove_extra_whitespaces;
    }
    for (const json& step : pre_tokenizers_) {
      if (is_metaspace_prefix(step)) out_.add_space_prefix = true;
      if (type_of(step) == "WhitespaceSplit") out_.remove_extra_whitespaces = true;
    }
    if (unigram.settings().unk_id) {
      out_.unknown_token_id = *unigram.settings().unk_id;
      set_type(*unigram.settings().unk_id, GgufTokenType::unknown);
    }
    if (unigram.settings().byte_fallback) write_bytes();
    out_.scores.assign(size_, 0);
    for (size_t id = 0; id < unigram.scores().size(); ++id) {
      double score = unigram.scores()[id];
      if (!std::isnan(score)) out_.scores[id] = static_cast<float>(score);
    }
  }

  void write_unigram_normalizer(const json& step) {
    std::string type = type_of(step);
    if (type == "Precompiled") {
      std::string map = string_field(step, "precompiled_charsmap", "normalizer Precompiled");
      out_.precompiled_charsmap = base64_bytes(map).value_or("");
    } else if (type == "Replace" &&
               step.value("/pattern/Regex"_json_pointer, std::string()) == " {2,}") {
      out_.remove_extra_whitespaces = true;
    } else if (type != "Strip") {
      refuse_step("normalizer", step);
    }
  }

  void write_word_piece(const WordPiece& words) {
    out_.model = "bert";
    out_.pre = "default";
    for (const json& step : normalizers_) {
      if (type_of(step) != "BertNormalizer") refuse_step("normalizer", step);
      bool lowercase = bool_field(step, "lowercase", "BertNormalizer", true);
      out_.normalizer_lowercase = lowercase;
      out_.normalizer_strip_accents =
          bool_field(step, "strip_accents", "BertNormalizer", lowercase);
    }
    for (const json& step : pre_tokenizers_) {
      if (type_of(step) != "BertPreTokenizer") refuse_step("pre-tokenizer", step);
    }
    out_.unknown_token_id = words.unk_id();
    out_.cls_token_id = out_.bos_token_id;
    out_.separator_token_id = out_.eos_token_id;
    out_.add_sep_token = out_.add_eos_token;
    out_.add_eos_token = false;
    for (size_t id = 0; id < size_; ++id) {
      std::string& text = out_.tokens[id];
      if (text.starts_with('[') && text.ends_with(']')) continue;
      if (text.starts_with(words.prefix())) {
        text.erase(0, words.prefix().size());
      } else {
        text.insert(0, word_mark);
      }
    }
  }

  const TokenizerParts& parts_;
  json components_;
  std::vector<json> normalizers_;
  std::vector<json> pre_tokenizers_;
  size_t size_;
  GgufVocabulary out_;
};

}  // namespace

GgufVocabulary gguf_vocabulary_of(const Tokenizer& tokenizer, int32_t vocab_size) {
  try {
    return Writer(tokenizer.parts(), vocab_size).run();
  } catch (const FormatError& error) {
    throw ModelError(fmt::format("[gguf] {}", error.what()), error.advice());
  }
}

}  // namespace quern::models
