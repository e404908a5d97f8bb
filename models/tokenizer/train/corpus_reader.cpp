#include "models/tokenizer/train/corpus_reader.h"

#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "models/error.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_reading(const fs::path& file, const std::string& why) {
  throw ModelError(fmt::format("[train-tokenizer] {} cannot be read: {}", file.string(), why),
                   "Check the path and its permissions.");
}

bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Where a block of at most the text's length ends, when the text goes on behind it: after a line,
/// else before a space, else before a character.
size_t end_of_block(std::string_view text) {
  for (size_t end = text.size() - 1; end > 0; --end) {
    if (text[end - 1] == '\n' && !is_white(text[end])) return end;
  }
  for (size_t end = text.size() - 1; end > 0; --end) {
    if (text[end] == ' ' && !is_white(text[end - 1])) return end;
  }
  size_t end = text.size();
  while (end > text.size() - 4 && end > 1 && continues_character(text[end - 1])) --end;
  return end > 1 ? end - 1 : text.size();
}

void collect_strings(const nlohmann::json& value, std::vector<std::string>& texts) {
  if (value.is_string()) texts.push_back(value.get<std::string>());
  if (!value.is_structured()) return;
  for (const nlohmann::json& member : value) collect_strings(member, texts);
}

}  // namespace

CorpusReader::CorpusReader(fs::path file, size_t block_bytes)
    : file_(std::move(file)), block_bytes_(block_bytes), is_jsonl_(file_.extension() == ".jsonl") {
  std::error_code error;
  if (fs::is_directory(file_, error)) fail_reading(file_, "it is a folder");
  stream_.open(file_, std::ios::binary);
  if (!stream_) fail_reading(file_, std::generic_category().message(errno));
  if (fs::is_regular_file(file_, error)) size_ = fs::file_size(file_, error);
}

void CorpusReader::check_stream() const {
  if (stream_.bad()) fail_reading(file_, std::generic_category().message(errno));
}

bool CorpusReader::next(std::string_view& text) {
  return is_jsonl_ ? next_string(text) : next_block(text);
}

bool CorpusReader::next_block(std::string_view& text) {
  buffer_.erase(0, given_);
  given_ = 0;
  const size_t kept = buffer_.size();
  if (kept < block_bytes_ && stream_) {
    buffer_.resize(block_bytes_);
    stream_.read(buffer_.data() + kept, static_cast<std::streamsize>(block_bytes_ - kept));
    check_stream();
    buffer_.resize(kept + static_cast<size_t>(stream_.gcount()));
    bytes_read_ += static_cast<uint64_t>(stream_.gcount());
  }
  if (buffer_.empty()) return false;
  given_ = stream_ ? end_of_block(buffer_) : buffer_.size();
  text = std::string_view(buffer_).substr(0, given_);
  return true;
}

bool CorpusReader::read_record() {
  if (!std::getline(stream_, buffer_)) {
    check_stream();
    return false;
  }
  ++line_;
  bytes_read_ += buffer_.size() + (stream_.eof() ? 0 : 1);
  texts_.clear();
  next_text_ = 0;
  if (buffer_.find_first_not_of(" \t\r") == std::string::npos) return true;
  try {
    collect_strings(parse_json(buffer_, "the line"), texts_);
  } catch (const FormatError& error) {
    throw ModelError(
        fmt::format("[train-tokenizer] {}:{}: {}", file_.string(), line_, error.what()),
        "Correct the line, or give the file another ending than .jsonl to take it as text.");
  }
  return true;
}

bool CorpusReader::next_string(std::string_view& text) {
  while (next_text_ == texts_.size()) {
    if (!read_record()) return false;
  }
  text = texts_[next_text_++];
  return true;
}

}  // namespace quern::models
