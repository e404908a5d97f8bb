#include "models/prompt/answer/answer_stream.h"

#include <algorithm>
#include <utility>

#include "models/prompt/answer/literal_reader.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

void TextSection::begin(AnswerEvent::Kind kind, bool after_marker) {
  kind_ = kind;
  after_marker_ = after_marker;
  has_text_ = false;
  held_.clear();
}

void TextSection::add(std::string_view text, std::vector<AnswerEvent>& events) {
  const size_t end = text.find_last_not_of(" \t\r\n");
  if (end == text.npos) {
    held_ += text;
    return;
  }
  held_ += text.substr(0, end + 1);
  if (after_marker_ && !has_text_) held_.erase(0, held_.find_first_not_of(" \t\r\n"));
  has_text_ = true;
  events.push_back(
      AnswerEvent::of_text(kind_, std::exchange(held_, std::string(text.substr(end + 1)))));
}

void TextSection::end(bool before_marker, std::vector<AnswerEvent>& events) {
  const bool is_dropped = before_marker || (after_marker_ && !has_text_);
  if (!is_dropped && !held_.empty()) events.push_back(AnswerEvent::of_text(kind_, held_));
  held_.clear();
}

MarkerMatch find_first_marker(std::string_view text, const std::vector<std::string_view>& markers) {
  MarkerMatch first;
  for (size_t i = 0; i < markers.size(); ++i) {
    const size_t found = text.find(markers[i]);
    if (found < first.begin) first = {found, i};
  }
  return first;
}

size_t length_to_hold(std::string_view text, const std::vector<std::string_view>& markers) {
  size_t longest = 0;
  for (const std::string_view marker : markers) {
    for (size_t n = std::min(marker.size() - 1, text.size()); n > longest; --n) {
      if (text.ends_with(marker.substr(0, n))) longest = n;
    }
  }
  return longest;
}

void add_calls(const CallFormat& format, std::string_view body, std::string_view whole,
               const ToolSchemas& tools, std::vector<AnswerEvent>& events) {
  try {
    format.read(replace_invalid_utf8(body), tools, events);
  } catch (const CallError& error) {
    events.push_back(AnswerEvent::malformed(std::string(whole), error.what()));
  }
}

AnswerParser::AnswerParser(const AnswerFormat& format, Options options)
    : stream_(format.calls && format.calls->kind == CallFormat::Kind::harmony
                  ? make_harmony_stream()
                  : make_marked_stream(format, std::move(options))) {}

AnswerParser::~AnswerParser() = default;
AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;
AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;

std::vector<AnswerEvent> AnswerParser::add(std::string_view piece) {
  std::vector<AnswerEvent> events;
  stream_->add(piece, events);
  return events;
}

std::vector<AnswerEvent> AnswerParser::finish() {
  std::vector<AnswerEvent> events;
  stream_->finish(events);
  return events;
}

}  // namespace quern::models
