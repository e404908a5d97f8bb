#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/tokenizer/bpe.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_cursor.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

constexpr const char* where = "model BPE";

struct Merge {
  int32_t left;
  int32_t right;
  int32_t id;
};

/// Reads merges in either form: "a b" or ["a", "b"].
class MergeReader {
 public:
  MergeReader(const Vocabulary& vocabulary, std::string_view prefix)
      : vocabulary_(vocabulary), prefix_(prefix) {}

  std::vector<Merge> read(std::string_view text) {
    JsonCursor cursor(text);
    for (bool first = true; cursor.next_element(first);) {
      if (cursor.peek() == '[') {
        read_pair(cursor);
      } else {
        read_line(cursor.string());
      }
    }
    cursor.end();
    return std::move(merges_);
  }

  Bpe::Junctions junctions() { return std::move(junctions_); }

 private:
  void read_pair(JsonCursor& cursor) {
    cursor.expect('[');
    left_ = cursor.string();
    cursor.expect(',');
    right_ = cursor.string();
    cursor.expect(']');
    add(left_, right_);
  }

  void read_line(std::string_view line) {
    size_t space = line.find(' ');
    if (space == line.npos || line.find(' ', space + 1) != line.npos) {
      throw FormatError(fmt::format("merge {} is {}, not two tokens with a space between",
                                    merges_.size(), in_quotes(line)));
    }
    add(line.substr(0, space), line.substr(space + 1));
  }

  void add(std::string_view left, std::string_view right) {
    // A continuation is written with its prefix, which the joined token has only once.
    if (!right.starts_with(prefix_) || left.empty() || right.size() == prefix_.size()) {
      throw FormatError(fmt::format("merge {} cannot join {} and {}", merges_.size(),
                                    in_quotes(left), in_quotes(right)));
    }
    joined_.assign(left);
    joined_ += right.substr(prefix_.size());
    merges_.push_back({id_of(left), id_of(right), id_of_joined()});
    size_t end = left.size();
    size_t begin = 0;
    char32_t last = previous_code_point(left, end);
    junctions_.insert(Bpe::junction(last, next_code_point(right, begin)));
  }

  /// Rules mostly stand in the order of the tokens they make, one or several for each.
  int32_t id_of_joined() const {
    for (int32_t guess = merges_.empty() ? 0 : merges_.back().id, end = guess + 2; guess < end;
         ++guess) {
      if (vocabulary_.text(guess) == joined_) return guess;
    }
    return id_of(joined_);
  }

  int32_t id_of(std::string_view token) const {
    if (auto id = vocabulary_.find(token)) return *id;
    throw FormatError(fmt::format("merge {} needs the token {}, which the vocabulary lacks",
                                  merges_.size(), in_quotes(token)));
  }

  const Vocabulary& vocabulary_;
  std::string_view prefix_;
  std::vector<Merge> merges_;
  Bpe::Junctions junctions_;
  std::string left_;
  std::string right_;
  std::string joined_;
};

}  // namespace

std::unique_ptr<TokenModel> make_bpe(const ModelSource& source) {
  BpeSettings settings;
  settings.unk_token = string_field(source.fields, "unk_token", where, "");
  settings.continuing_subword_prefix =
      string_field(source.fields, "continuing_subword_prefix", where, "");
  settings.end_of_word_suffix = string_field(source.fields, "end_of_word_suffix", where, "");
  settings.fuse_unk = bool_field(source.fields, "fuse_unk", where, false);
  settings.byte_fallback = bool_field(source.fields, "byte_fallback", where, false);
  settings.ignore_merges = bool_field(source.fields, "ignore_merges", where, false);

  Vocabulary vocabulary = read_vocabulary(source.vocab, where);
  MergeReader reader(vocabulary, settings.continuing_subword_prefix);
  std::vector<Merge> merges =
      source.merges.empty() ? std::vector<Merge>() : reader.read(source.merges);
  MergeTable table(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    table.add(merges[i].left, merges[i].right, {static_cast<int32_t>(i), merges[i].id});
  }
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(table), reader.junctions(),
                               std::move(settings));
}

}  // namespace quern::models
