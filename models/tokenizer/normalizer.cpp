#include "models/tokenizer/normalizer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "models/tokenizer/base64.h"
#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/character_map.h"
#include "models/tokenizer/characters.h"
#include "models/tokenizer/component.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/pattern.h"
#include "models/tokenizer/unicode_forms.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

using Made = std::unique_ptr<Normalizer>;

class Sequence : public Normalizer {
 public:
  explicit Sequence(const json& component) {
    for (const json& step : array_field(component, "normalizers", "normalizer Sequence")) {
      steps_.push_back(make_normalizer(step));
    }
  }
  void normalize(std::string& text) const override {
    for (const Made& step : steps_) step->normalize(text);
  }

 private:
  std::vector<Made> steps_;
};

/// A normalizer without settings.
template <void (*rewrite)(std::string&)>
class Plain : public Normalizer {
 public:
  explicit Plain(const json&) {}
  void normalize(std::string& text) const override { rewrite(text); }
};

template <UnicodeForm form>
void to_form(std::string& text) {
  normalize_form(form, text);
}

void to_byte_characters(std::string& text) {
  std::string out;
  append_byte_characters(text, out);
  text = std::move(out);
}

/// Keeps, replaces or drops (0) each character.
template <class Map>
void map_characters(std::string& text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (char32_t mapped = map(next_code_point(text, i))) append_utf8(mapped, out);
  }
  text = std::move(out);
}

/// The clean-up of neural machine translation corpora in SentencePiece's nmt rules: some control
/// characters vanish, other invisible ones become spaces.
void clean_translation_text(std::string& text) {
  map_characters(text, [](char32_t c) -> char32_t {
    if ((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
        c == 0x8F || c == 0x9F) {
      return 0;
    }
    bool blank = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
                 (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                 c == 0xFEFF || c == 0xFFFD;
    return blank ? U' ' : c;
  });
}

class Prepend : public Normalizer {
 public:
  explicit Prepend(const json& component)
      : prefix_(string_field(component, "prepend", "normalizer Prepend")) {}
  void normalize(std::string& text) const override {
    if (!text.empty()) text.insert(0, prefix_);
  }

 private:
  std::string prefix_;
};

class Replace : public Normalizer {
 public:
  explicit Replace(const json& component) : content_(string_field(component, "content", where)) {
    const json* pattern = find_field(component, "pattern", where);
    pattern_ = make_pattern(pattern ? *pattern : json(), where);
  }
  void normalize(std::string& text) const override {
    text = replace_all(*pattern_, text, content_);
  }

 private:
  static constexpr const char* where = "normalizer Replace";
  std::string content_;
  std::unique_ptr<Pattern> pattern_;
};

class Strip : public Normalizer {
 public:
  explicit Strip(const json& component)
      : left_(bool_field(component, "strip_left", "normalizer Strip", true)),
        right_(bool_field(component, "strip_right", "normalizer Strip", true)) {}
  void normalize(std::string& text) const override {
    size_t end = text.size();
    for (size_t i = end; right_ && i > 0 && is_whitespace(previous_code_point(text, i));) end = i;
    size_t begin = 0;
    for (size_t i = 0; left_ && i < end && is_whitespace(next_code_point(text, i));) begin = i;
    text = text.substr(begin, end - begin);
  }

 private:
  bool left_;
  bool right_;
};

/// SentencePiece's character map, applied as the `tokenizers` library does it: a short grapheme
/// cluster is replaced as a whole by what its first mapped characters become, and only where there
/// is none, character by character.
class Precompiled : public Normalizer {
 public:
  explicit Precompiled(const json& component) {
    std::string text = string_field(component, "precompiled_charsmap", where);
    auto bytes = base64_bytes(text);
    if (!bytes) throw FormatError(fmt::format("{}: the map is not base64", where));
    map_ = CharacterMap(*bytes);
  }

  void normalize(std::string& text) const override {
    std::string out;
    out.reserve(text.size());
    constexpr size_t longest_cluster = 5;  // in bytes
    for (size_t begin = 0; begin < text.size();) {
      size_t end = grapheme_end(text, begin);
      std::string_view cluster = std::string_view(text).substr(begin, end - begin);
      auto whole = cluster.size() <= longest_cluster ? map_.shortest(cluster) : std::nullopt;
      if (whole) {
        out += *whole;
      } else {
        append_mapped(cluster, out);
      }
      begin = end;
    }
    text = std::move(out);
  }

 private:
  static constexpr const char* where = "normalizer Precompiled";

  void append_mapped(std::string_view cluster, std::string& out) const {
    for (size_t i = 0; i < cluster.size(); i += utf8_length(cluster[i])) {
      std::string_view character = cluster.substr(i, utf8_length(cluster[i]));
      out += map_.shortest(character).value_or(character);
    }
  }

  CharacterMap map_;
};

/// The clean-up of BERT's vocabularies (Devlin et al. 2018).
class Bert : public Normalizer {
 public:
  explicit Bert(const json& component)
      : clean_text_(bool_field(component, "clean_text", where, true)),
        spaces_around_ideographs_(bool_field(component, "handle_chinese_chars", where, true)),
        lowercase_(bool_field(component, "lowercase", where, true)),
        strip_accents_(bool_field(component, "strip_accents", where, lowercase_)) {}

  void normalize(std::string& text) const override {
    if (clean_text_) {
      map_characters(text, [](char32_t c) -> char32_t {
        if (c == 0 || c == 0xFFFD || is_control(c)) return 0;
        return is_whitespace(c) ? U' ' : c;
      });
    }
    if (spaces_around_ideographs_) space_ideographs(text);
    if (strip_accents_) {
      normalize_form(UnicodeForm::nfd, text);
      quern::models::strip_accents(text);
    }
    if (lowercase_) quern::models::lowercase(text);
  }

 private:
  static constexpr const char* where = "normalizer BertNormalizer";

  static void space_ideographs(std::string& text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
      size_t begin = i;
      bool ideograph = is_cjk_ideograph(next_code_point(text, i));
      if (ideograph) out += ' ';
      out.append(text, begin, i - begin);
      if (ideograph) out += ' ';
    }
    text = std::move(out);
  }

  bool clean_text_;
  bool spaces_around_ideographs_;
  bool lowercase_;
  bool strip_accents_;
};

template <class T>
Made make(const json& component) {
  return std::make_unique<T>(component);
}

constexpr ComponentType<Normalizer, json> types[] = {
    {"Sequence", make<Sequence>},
    {"NFC", make<Plain<to_form<UnicodeForm::nfc>>>},
    {"NFD", make<Plain<to_form<UnicodeForm::nfd>>>},
    {"NFKC", make<Plain<to_form<UnicodeForm::nfkc>>>},
    {"NFKD", make<Plain<to_form<UnicodeForm::nfkd>>>},
    {"Lowercase", make<Plain<lowercase>>},
    {"StripAccents", make<Plain<strip_accents>>},
    {"ByteLevel", make<Plain<to_byte_characters>>},
    {"Nmt", make<Plain<clean_translation_text>>},
    {"Precompiled", make<Precompiled>},
    {"Prepend", make<Prepend>},
    {"Replace", make<Replace>},
    {"Strip", make<Strip>},
    {"BertNormalizer", make<Bert>},
};

}  // namespace

Made make_normalizer(const json& component) {
  return make_component(types, "normalizer", string_field(component, "type", "a normalizer"),
                        component);
}

}  // namespace quern::models
