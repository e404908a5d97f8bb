#include <algorithm>
#include <utility>

#include "models/prompt/answer/answer_stream.h"
#include "models/prompt/answer/literal_reader.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {
namespace {

using Kind = AnswerEvent::Kind;

/// Content, thinking between two markers, calls between two others.
class MarkedStream final : public AnswerParser::Stream {
 public:
  MarkedStream(const AnswerFormat& format, AnswerParser::Options options)
      : format_(format), tools_(std::move(options.tools)) {
    if (format.calls) markers_.push_back(format.calls->begin);
    if (format.reasoning) markers_.push_back(format.reasoning->begin);
    if (format.reasoning && options.begins_in_reasoning) {
      state_ = State::reasoning;
      section_.begin(Kind::reasoning, true);
    }
  }

  void add(std::string_view piece, std::vector<AnswerEvent>& events) override {
    held_ += piece;
    while (step(events)) continue;
  }

  void finish(std::vector<AnswerEvent>& events) override {
    if (state_ != State::call) {
      section_.add(held_, events);
      section_.end(false, events);
    } else if (is_bare_) {
      finish_bare(events);
    } else {
      // The end marker is often a token that ends the answer, and so is missing.
      add_call(held_, format_.calls->end, events);
    }
    held_.clear();
  }

 private:
  enum class State { content, reasoning, call };

  /// Goes on as far as the next marker. False when more text is needed.
  bool step(std::vector<AnswerEvent>& events) {
    if (held_.empty()) return false;
    switch (state_) {
      case State::content:
        return step_content(events);
      case State::reasoning:
        return step_reasoning(events);
      case State::call:
        break;
    }
    return step_call(events);
  }

  bool step_content(std::vector<AnswerEvent>& events) {
    if (begins_bare_json()) {
      is_bare_ = true;
      state_ = State::call;
      return true;
    }
    const MarkerMatch match = find_first_marker(held_, markers_);
    if (match.begin == std::string_view::npos) {
      give_out(length_to_hold(held_, markers_), events);
      return false;
    }
    section_.add(std::string_view(held_).substr(0, match.begin), events);
    section_.end(true, events);
    const std::string_view marker = markers_[match.marker];
    held_.erase(0, match.begin + marker.size());
    if (format_.reasoning && marker == format_.reasoning->begin) {
      state_ = State::reasoning;
      section_.begin(Kind::reasoning, true);
    } else {
      state_ = State::call;
      searched_ = 0;
    }
    return true;
  }

  bool step_reasoning(std::vector<AnswerEvent>& events) {
    const std::string_view end = format_.reasoning->end;
    const size_t found = held_.find(end);
    if (found == held_.npos) {
      give_out(length_to_hold(held_, {end}), events);
      return false;
    }
    section_.add(std::string_view(held_).substr(0, found), events);
    section_.end(true, events);
    held_.erase(0, found + end.size());
    state_ = State::content;
    section_.begin(Kind::content, true);
    return true;
  }

  bool step_call(std::vector<AnswerEvent>& events) {
    const std::string_view end = format_.calls->end;
    if (end.empty()) return false;
    const size_t found = held_.find(end, searched_);
    if (found == held_.npos) {
      searched_ = held_.size() - std::min(held_.size(), end.size() - 1);
      return false;
    }
    add_call(std::string_view(held_).substr(0, found), end, events);
    held_.erase(0, found + end.size());
    state_ = State::content;
    section_.begin(Kind::content, true);
    return true;
  }

  void add_call(std::string_view body, std::string_view end, std::vector<AnswerEvent>& events) {
    std::string whole(format_.calls->begin);
    whole += body;
    whole += end;
    add_calls(*format_.calls, body, whole, tools_, events);
  }

  /// Whether the content so far is nothing but white space before a '{'.
  bool begins_bare_json() const {
    if (!format_.calls || format_.calls->kind != CallFormat::Kind::bare_json) return false;
    return !tools_.empty() && !section_.has_text() && trimmed(held_).starts_with('{');
  }

  /// A JSON object that turns out to be no call is content.
  void finish_bare(std::vector<AnswerEvent>& events) {
    try {
      std::vector<AnswerEvent> calls;
      format_.calls->read(replace_invalid_utf8(held_), tools_, calls);
      section_.end(true, events);
      events.insert(events.end(), calls.begin(), calls.end());
    } catch (const CallError&) {
      section_.add(held_, events);
      section_.end(false, events);
    }
  }

  void give_out(size_t hold, std::vector<AnswerEvent>& events) {
    const size_t length = held_.size() - hold;
    section_.add(std::string_view(held_).substr(0, length), events);
    held_.erase(0, length);
  }

  AnswerFormat format_;
  ToolSchemas tools_;
  std::vector<std::string_view> markers_;  ///< that end content
  State state_ = State::content;
  TextSection section_;
  std::string held_;
  size_t searched_ = 0;  ///< of held_, for a call's end
  bool is_bare_ = false;
};

}  // namespace

std::unique_ptr<AnswerParser::Stream> make_marked_stream(const AnswerFormat& format,
                                                         AnswerParser::Options options) {
  return std::make_unique<MarkedStream>(format, std::move(options));
}

}  // namespace quern::models
