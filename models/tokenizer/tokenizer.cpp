#include "models/tokenizer/tokenizer.h"

#include <fmt/format.h>

#include <fstream>

#include "models/error.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

ModelError with_file(const FormatError& error, std::string_view file) {
  return ModelError(fmt::format("[tokenizer] {}: {}", file, error.what()), error.advice());
}

/// Runs `read(text)`; what it throws gets the file's name.
template <class Read>
void read_named(std::string_view file, std::string_view text, Read read) {
  try {
    read(text);
  } catch (const FormatError& error) {
    throw with_file(error, file);
  }
}

std::string file_text(const std::filesystem::path& path) {
  std::error_code error;
  std::uintmax_t size = std::filesystem::file_size(path, error);
  std::string text(error ? 0 : size, '\0');
  std::ifstream stream(path, std::ios::binary);
  if (error || !stream.read(text.data(), static_cast<std::streamsize>(size))) {
    throw ModelError(fmt::format("[tokenizer] {}: the file cannot be read", path.string()),
                     "Check that it is there and that you may read it.");
  }
  return text;
}

struct TokenizerFiles;

/// A file format: its reader is given the text of the main file.
struct Format {
  std::string_view name;         // of the main file; one that begins with '.' is any file's ending
  std::string_view beside = {};  // a file without which it does not count
  TokenizerParts (*read)(std::string_view text, const TokenizerFiles& files,
                         const TokenizerConfig& config);
};

struct TokenizerFiles {
  const Format* format = nullptr;  // null when the folder holds no tokenizer
  std::filesystem::path main;
};

/// The one that stands first counts.
constexpr Format formats[] = {
    {.name = "tokenizer.json",
     .read = [](std::string_view text, const TokenizerFiles&,
                const TokenizerConfig& config) { return read_tokenizer_json(text, config); }},
    {.name = "tokenizer.model",
     .read =
         [](std::string_view text, const TokenizerFiles& files, const TokenizerConfig& config) {
           // Some models' tokenizer.model is a tiktoken file.
           return is_tiktoken(text) ? read_tiktoken(text, files.main.filename().string(), config)
                                    : read_sentencepiece(text, config);
         }},
    {.name = ".tiktoken",
     .read =
         [](std::string_view text, const TokenizerFiles& files, const TokenizerConfig& config) {
           return read_tiktoken(text, files.main.filename().string(), config);
         }},
    {.name = "tiktoken.model",
     .read =
         [](std::string_view text, const TokenizerFiles& files, const TokenizerConfig& config) {
           return read_tiktoken(text, files.main.filename().string(), config);
         }},
    {.name = "vocab.json",
     .beside = "merges.txt",
     .read =
         [](std::string_view text, const TokenizerFiles& files, const TokenizerConfig& config) {
           std::string merges = file_text(files.main.parent_path() / "merges.txt");
           return read_vocabulary_and_merges(text, merges, config);
         }},
    {.name = "vocab.txt",
     .read = [](std::string_view text, const TokenizerFiles&,
                const TokenizerConfig& config) { return read_word_list(text, config); }},
};

/// The first file in the folder, by name, that ends so; empty when there is none.
std::filesystem::path file_ending_in(const std::filesystem::path& folder, std::string_view ending) {
  std::filesystem::path first;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ending && (first.empty() || entry.path() < first)) {
      first = entry.path();
    }
  }
  return first;
}

TokenizerFiles find_files(const std::filesystem::path& folder) {
  for (const Format& format : formats) {
    auto main =
        format.name.starts_with('.') ? file_ending_in(folder, format.name) : folder / format.name;
    bool is_complete = format.beside.empty() || std::filesystem::exists(folder / format.beside);
    if (!main.empty() && std::filesystem::exists(main) && is_complete) return {&format, main};
  }
  return {};
}

TokenizerConfig read_config_files(const std::filesystem::path& folder) {
  TokenizerConfig config;
  std::filesystem::path path = folder / "chat_template.jinja";
  if (std::filesystem::exists(path)) config.chat_template = file_text(path);
  for (const char* name :
       {"chat_template.json", "tokenizer_config.json", "special_tokens_map.json"}) {
    path = folder / name;
    if (!std::filesystem::exists(path)) continue;
    read_named(path.string(), file_text(path),
               [&](std::string_view text) { read_tokenizer_config(text, config); });
  }
  return config;
}

/// Adds the ids of one stretch of normalised text without added tokens.
void encode_stretch(const TokenizerParts& parts, std::string_view text, bool at_start,
                    std::vector<int32_t>& ids) {
  PreTokenized pieces;
  pieces.pieces.push_back({text, at_start});
  if (parts.pre_tokenizer) parts.pre_tokenizer->apply(pieces);
  for (const PreTokenized::Piece& piece : pieces.pieces) parts.model->tokenize(piece.text, ids);
}

/// Adds the ids of a text between the added tokens that are looked for in the raw text.
void encode_raw(const TokenizerParts& parts, std::string_view text, bool at_start,
                std::vector<int32_t>& ids) {
  std::string normalized;
  if (parts.normalizer) {
    normalized = text;
    parts.normalizer->normalize(normalized);
    text = normalized;
  }
  if (at_start && !parts.start_prefix.empty()) {
    normalized = parts.start_prefix + std::string(text);
    text = normalized;
  }
  for (const AddedTokenSpan& span : parts.normalized_added_tokens.find_all(text)) {
    if (span.id >= 0) {
      ids.push_back(span.id);
    } else {
      encode_stretch(parts, text.substr(span.begin, span.end - span.begin),
                     at_start && span.begin == 0, ids);
    }
  }
}

void encode_text(const TokenizerParts& parts, std::string_view text, std::vector<int32_t>& ids) {
  for (const AddedTokenSpan& span : parts.raw_added_tokens.find_all(text)) {
    if (span.id >= 0) {
      ids.push_back(span.id);
    } else {
      encode_raw(parts, text.substr(span.begin, span.end - span.begin), span.begin == 0, ids);
    }
  }
}

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const TokenizerParts> parts) : parts_(std::move(parts)) {}

std::vector<std::string> Tokenizer::file_formats() {
  std::vector<std::string> names;
  for (const Format& format : formats) names.emplace_back(format.name);
  return names;
}

bool Tokenizer::is_in(const std::filesystem::path& folder) { return find_files(folder).format; }

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  TokenizerFiles files = find_files(folder);
  if (!files.format) {
    throw ModelError(
        fmt::format("[tokenizer] {}: the folder holds no tokenizer", folder.string()),
        "It needs a tokenizer.json, tokenizer.model, *.tiktoken, vocab.json with merges.txt, or "
        "vocab.txt: choose a folder with a model in the Hugging Face layout.");
  }
  TokenizerConfig config = read_config_files(folder);
  auto parts = std::make_shared<TokenizerParts>();
  read_named(files.main.string(), file_text(files.main),
             [&](std::string_view text) { *parts = files.format->read(text, files, config); });
  return Tokenizer(std::move(parts));
}

Tokenizer Tokenizer::from_json(std::string_view tokenizer_json,
                               std::string_view tokenizer_config_json) {
  TokenizerConfig config;
  if (!tokenizer_config_json.empty()) {
    read_named("tokenizer_config.json", tokenizer_config_json,
               [&](std::string_view text) { read_tokenizer_config(text, config); });
  }
  auto parts = std::make_shared<TokenizerParts>();
  read_named("tokenizer.json", tokenizer_json,
             [&](std::string_view text) { *parts = read_tokenizer_json(text, config); });
  return Tokenizer(std::move(parts));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = replace_invalid_utf8(text);
    text = repaired;
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3 + 8);
  const PostProcessor& around = parts_->post_processor;
  if (add_special_tokens) ids = around.prefix;
  try {
    encode_text(*parts_, text, ids);
  } catch (const FormatError& error) {
    throw with_file(error, "encode");
  }
  if (add_special_tokens) ids.insert(ids.end(), around.suffix.begin(), around.suffix.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  DecodeStream stream(*parts_->decoder, Emission::exact);
  for (int32_t id : ids) {
    if (skip_special_tokens && parts_->is_special(id)) continue;
    if (std::string_view token = parts_->text(id); !token.empty()) stream.add(token);
  }
  stream.finish();
  return stream.take();
}

std::vector<std::string> Tokenizer::token_bytes(bool at_start) const {
  std::vector<std::string> out(static_cast<size_t>(parts_->vocab_size));
  DecodeStream stream(*parts_->decoder, Emission::bytes);
  bool begun = at_start;
  for (int32_t id = 0; id < parts_->vocab_size; ++id) {
    const std::string_view token = parts_->text(id);
    if (token.empty()) continue;
    if (!begun) stream.add(token);
    begun = true;
    if (at_start) stream = DecodeStream(*parts_->decoder, Emission::bytes);
    stream.take();
    stream.add(token);
    out[static_cast<size_t>(id)] = stream.take();
  }
  return out;
}

int32_t Tokenizer::vocab_size() const { return parts_->vocab_size; }

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  return parts_->find(token);
}

std::string_view Tokenizer::id_to_token(int32_t id) const { return parts_->text(id); }

bool Tokenizer::is_special(int32_t id) const { return parts_->is_special(id); }

const std::string& Tokenizer::bos_token() const { return parts_->config.bos_token; }
const std::string& Tokenizer::eos_token() const { return parts_->config.eos_token; }
const std::string& Tokenizer::unk_token() const { return parts_->config.unk_token; }
const std::string& Tokenizer::pad_token() const { return parts_->config.pad_token; }

std::optional<int32_t> Tokenizer::bos_token_id() const { return parts_->find(bos_token()); }

std::optional<int32_t> Tokenizer::eos_token_id() const { return parts_->find(eos_token()); }

const std::string& Tokenizer::chat_template() const { return parts_->config.chat_template; }

}  // namespace quern::models
