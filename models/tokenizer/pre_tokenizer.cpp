#include "models/tokenizer/pre_tokenizer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/characters.h"
#include "models/tokenizer/component.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/metaspace.h"
#include "models/tokenizer/regex.h"
#include "models/tokenizer/splitting.h"
#include "models/tokenizer/unicode_scripts.h"

namespace quern::models {

using nlohmann::json;

namespace {

using Made = std::unique_ptr<PreTokenizer>;

class Sequence : public PreTokenizer {
 public:
  explicit Sequence(const json& component) {
    for (const json& step : array_field(component, "pretokenizers", "pre-tokenizer Sequence")) {
      steps_.push_back(make_pre_tokenizer(step));
    }
  }
  void apply(PreTokenized& text) const override {
    for (const Made& step : steps_) step->apply(text);
  }

 private:
  std::vector<Made> steps_;
};

/// Gives every piece the text that `rewrite(piece, out)` appends to `out`.
template <class Rewrite>
void rewrite_pieces(PreTokenized& text, Rewrite rewrite) {
  std::string& out = text.storage.emplace_back();
  std::vector<size_t> ends;
  ends.reserve(text.pieces.size());
  for (const PreTokenized::Piece& piece : text.pieces) {
    rewrite(piece, out);
    ends.push_back(out.size());
  }
  size_t begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    text.pieces[i].text = std::string_view(out).substr(begin, ends[i] - begin);
    begin = ends[i];
  }
}

/// Splits like GPT-2 and replaces bytes by their characters.
class ByteLevel : public PreTokenizer {
 public:
  explicit ByteLevel(const json& component)
      : add_prefix_space_(bool_field(component, "add_prefix_space", where, true)) {
    if (bool_field(component, "use_regex", where, true)) words_ = std::make_unique<Regex>(gpt2);
  }
  void apply(PreTokenized& text) const override {
    if (add_prefix_space_) {
      rewrite_pieces(text, [](const PreTokenized::Piece& piece, std::string& out) {
        if (piece.text[0] != ' ') out += ' ';
        out += piece.text;
      });
    }
    if (words_) {
      split_pieces(text, SplitBehavior::isolated,
                   [&](std::string_view part, auto& spans) { words_->find_all(part, spans); });
    }
    rewrite_pieces(text, [](const PreTokenized::Piece& piece, std::string& out) {
      append_byte_characters(piece.text, out);
    });
  }

 private:
  static constexpr const char* where = "pre-tokenizer ByteLevel";
  /// English contractions, words, numbers, other symbols and white space (Radford et al. 2019).
  static constexpr const char* gpt2 =
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  bool add_prefix_space_;
  std::unique_ptr<Regex> words_;
};

class Split : public PreTokenizer {
 public:
  explicit Split(const json& component)
      : behavior_(split_behavior(component, where, SplitBehavior::isolated)),
        invert_(bool_field(component, "invert", where, false)) {
    const json* pattern = find_field(component, "pattern", where);
    pattern_ = make_pattern(pattern ? *pattern : json(), where);
  }
  void apply(PreTokenized& text) const override {
    split_pieces(text, behavior_, [&](std::string_view part, std::vector<Span>& spans) {
      pattern_->find_all(part, spans);
      if (!invert_) return;
      for (Span& span : spans) span.is_match = !span.is_match;
    });
  }

 private:
  static constexpr const char* where = "pre-tokenizer Split";
  SplitBehavior behavior_;
  bool invert_;
  std::unique_ptr<Pattern> pattern_;
};

class Digits : public PreTokenizer {
 public:
  explicit Digits(const json& component)
      : behavior_(bool_field(component, "individual_digits", "pre-tokenizer Digits", false)
                      ? SplitBehavior::isolated
                      : SplitBehavior::contiguous) {}
  void apply(PreTokenized& text) const override {
    split_pieces(text, behavior_, [](std::string_view part, std::vector<Span>& spans) {
      find_characters(part, spans, is_numeric);
    });
  }

 private:
  SplitBehavior behavior_;
};

/// Replaces spaces by a visible mark, sets one before the text, and splits before the marks.
class MetaspaceWords : public PreTokenizer {
 public:
  explicit MetaspaceWords(const json& component)
      : settings_(metaspace(component, "pre-tokenizer Metaspace")),
        split_(bool_field(component, "split", "pre-tokenizer Metaspace", true)) {
    append_utf8(settings_.replacement, mark_);
  }
  void apply(PreTokenized& text) const override {
    rewrite_pieces(text, [this](const PreTokenized::Piece& piece, std::string& out) {
      bool marked = piece.text[0] == ' ' || piece.text.substr(0, mark_.size()) == mark_;
      bool wanted = settings_.prepend == MetaspacePrepend::always ||
                    (settings_.prepend == MetaspacePrepend::first && piece.at_start);
      if (wanted && !marked) out += mark_;
      for (char c : piece.text) {
        if (c == ' ') {
          out += mark_;
        } else {
          out += c;
        }
      }
    });
    if (!split_) return;
    split_pieces(text, SplitBehavior::merged_with_next,
                 [this](std::string_view part, std::vector<Span>& spans) {
                   find_characters(part, spans,
                                   [this](char32_t c) { return c == settings_.replacement; });
                 });
  }

 private:
  Metaspace settings_;
  bool split_;
  std::string mark_;
};

/// Words and runs of other symbols; white space vanishes.
class Whitespace : public PreTokenizer {
 public:
  explicit Whitespace(const json&) {}
  void apply(PreTokenized& text) const override {
    split_pieces(text, SplitBehavior::removed, [](std::string_view part, auto& spans) {
      find_characters(part, spans, is_whitespace);
    });
    // A run of word characters is one match, so that only the boundaries to other symbols divide.
    split_pieces(text, SplitBehavior::contiguous, [](std::string_view part, auto& spans) {
      find_characters(part, spans, is_word_character);
    });
  }
};

class WhitespaceSplit : public PreTokenizer {
 public:
  explicit WhitespaceSplit(const json&) {}
  void apply(PreTokenized& text) const override {
    split_pieces(text, SplitBehavior::removed, [](std::string_view part, auto& spans) {
      find_characters(part, spans, is_whitespace);
    });
  }
};

class CharacterDelimiter : public PreTokenizer {
 public:
  explicit CharacterDelimiter(const json& component)
      : delimiter_(character_field(component, "delimiter", "pre-tokenizer CharDelimiterSplit", 0)) {
  }
  void apply(PreTokenized& text) const override {
    split_pieces(text, SplitBehavior::removed, [this](std::string_view part, auto& spans) {
      find_characters(part, spans, [this](char32_t c) { return c == delimiter_; });
    });
  }

 private:
  char32_t delimiter_;
};

/// Pieces of so many characters; the last may be shorter.
class FixedLength : public PreTokenizer {
 public:
  explicit FixedLength(const json& component) {
    constexpr const char* where = "pre-tokenizer FixedLength";
    if (!find_field(component, "length", where)) return;
    length_ = integer_field(component, "length", where);
    if (length_ < 1) throw FormatError(fmt::format("{}: \"length\" is {}", where, length_));
  }
  void apply(PreTokenized& text) const override {
    split_pieces(text, SplitBehavior::isolated, [this](std::string_view part, auto& spans) {
      spans.clear();
      for (size_t begin = 0, end = 0; begin < part.size(); begin = end) {
        for (int64_t n = 0; n < length_ && end < part.size(); ++n) end += utf8_length(part[end]);
        spans.push_back({begin, end, true});
      }
    });
  }

 private:
  int64_t length_ = 5;
};

/// Runs of one script; spaces before the first vanish.
class UnicodeScripts : public PreTokenizer {
 public:
  explicit UnicodeScripts(const json&) : runs_(script_runs_pattern()) {}
  void apply(PreTokenized& text) const override {
    split_pieces(text, SplitBehavior::removed, [this](std::string_view part, auto& spans) {
      runs_.find_all(part, spans);
      for (Span& span : spans) span.is_match = !span.is_match;
    });
  }

 private:
  Regex runs_;
};

class Punctuation : public PreTokenizer {
 public:
  explicit Punctuation(const json& component)
      : behavior_(split_behavior(component, "pre-tokenizer Punctuation", SplitBehavior::isolated)) {
  }
  void apply(PreTokenized& text) const override {
    split_pieces(text, behavior_, [](std::string_view part, std::vector<Span>& spans) {
      find_characters(part, spans, is_punctuation);
    });
  }

 private:
  SplitBehavior behavior_;
};

class Bert : public PreTokenizer {
 public:
  explicit Bert(const json& component) : whitespace_(component), punctuation_(json::object()) {}
  void apply(PreTokenized& text) const override {
    whitespace_.apply(text);
    punctuation_.apply(text);
  }

 private:
  WhitespaceSplit whitespace_;
  Punctuation punctuation_;
};

template <class T>
Made make(const json& component) {
  return std::make_unique<T>(component);
}

constexpr ComponentType<PreTokenizer, json> types[] = {
    {"Sequence", make<Sequence>},
    {"ByteLevel", make<ByteLevel>},
    {"Split", make<Split>},
    {"Digits", make<Digits>},
    {"Metaspace", make<MetaspaceWords>},
    {"Whitespace", make<Whitespace>},
    {"WhitespaceSplit", make<WhitespaceSplit>},
    {"CharDelimiterSplit", make<CharacterDelimiter>},
    {"FixedLength", make<FixedLength>},
    {"UnicodeScripts", make<UnicodeScripts>},
    {"Punctuation", make<Punctuation>},
    {"BertPreTokenizer", make<Bert>},
};

}  // namespace

Made make_pre_tokenizer(const json& component) {
  return make_component(types, "pre-tokenizer", string_field(component, "type", "a pre-tokenizer"),
                        component);
}

}  // namespace quern::models
