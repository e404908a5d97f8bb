#include <utility>

#include "models/prompt/answer/answer_stream.h"
#include "models/prompt/answer/literal_reader.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {
namespace {

using Kind = AnswerEvent::Kind;

constexpr std::string_view channel_mark = "<|channel|>";
constexpr std::string_view message_mark = "<|message|>";
constexpr std::string_view start_mark = "<|start|>";

/// Messages that each have a header, "assistant to=functions.NAME<|channel|>commentary
/// <|constrain|>json" in any order, <|message|>, a text and a mark that ends it. The answer begins
/// within the first header.
class HarmonyStream final : public AnswerParser::Stream {
 public:
  void add(std::string_view piece, std::vector<AnswerEvent>& events) override {
    held_ += piece;
    while (in_header_ ? step_header() : step_body(events)) continue;
  }

  void finish(std::vector<AnswerEvent>& events) override {
    if (in_header_) {
      // Text without any header, or the remains of one.
      const bool is_header = held_.find(channel_mark) != held_.npos ||
                             held_.find(start_mark) != held_.npos || trimmed(held_).empty();
      if (!is_header) events.push_back(AnswerEvent::of_text(Kind::content, held_));
    } else {
      end_body(held_, false, events);
    }
    held_.clear();
  }

 private:
  /// Longer ones are no headers.
  static constexpr size_t maximum_header = 1024;

  bool step_header() {
    const size_t found = held_.find(message_mark);
    if (found == held_.npos || found > maximum_header) {
      if (held_.size() <= maximum_header + message_mark.size()) return false;
      begin_body("");
      return true;
    }
    const std::string header = held_.substr(0, found);
    held_.erase(0, found + message_mark.size());
    begin_body(header);
    return true;
  }

  void begin_body(std::string_view header) {
    in_header_ = false;
    recipient_ = word_after(header, "to=");
    const std::string channel = word_after(header, channel_mark);
    section_.begin(channel == "analysis" ? Kind::reasoning : Kind::content, !header.empty());
    header_ = header;
    searched_ = 0;
  }

  bool step_body(std::vector<AnswerEvent>& events) {
    static const std::vector<std::string_view> ends = {"<|end|>", "<|call|>", "<|return|>",
                                                       start_mark, channel_mark};
    const MarkerMatch match = find_first_marker(std::string_view(held_).substr(searched_), ends);
    if (match.begin == std::string_view::npos) {
      const size_t hold = length_to_hold(held_, ends);
      if (!recipient_.empty()) {
        searched_ = held_.size() - hold;
      } else {
        section_.add(std::string_view(held_).substr(0, held_.size() - hold), events);
        held_.erase(0, held_.size() - hold);
      }
      return false;
    }
    const size_t found = searched_ + match.begin;
    end_body(std::string_view(held_).substr(0, found), true, events);
    // A channel begins the next header and belongs to it.
    held_.erase(0, found + (ends[match.marker] == channel_mark ? 0 : ends[match.marker].size()));
    in_header_ = true;
    return true;
  }

  void end_body(std::string_view body, bool before_marker, std::vector<AnswerEvent>& events) {
    if (recipient_.empty()) {
      section_.add(body, events);
      section_.end(before_marker, events);
      return;
    }
    std::string whole = header_;
    whole += message_mark;
    whole += body;
    try {
      std::string name = replace_invalid_utf8(recipient_);
      if (name.starts_with("functions.")) name.erase(0, 10);
      add_call(std::move(name), parse_call_json(replace_invalid_utf8(trimmed(body))), events);
    } catch (const CallError& error) {
      events.push_back(AnswerEvent::malformed(whole, error.what()));
    }
  }

  static std::string word_after(std::string_view text, std::string_view mark) {
    const size_t found = text.find(mark);
    if (found == text.npos) return {};
    text.remove_prefix(found + mark.size());
    return std::string(text.substr(0, text.find_first_of(" <\n\t")));
  }

  bool in_header_ = true;
  std::string header_;
  std::string recipient_;
  TextSection section_;
  std::string held_;
  size_t searched_ = 0;
};

}  // namespace

std::unique_ptr<AnswerParser::Stream> make_harmony_stream() {
  return std::make_unique<HarmonyStream>();
}

}  // namespace quern::models
